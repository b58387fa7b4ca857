/* The words that scenarios are told with.
 *
 * A scenario plays packetdrill's part: it makes calls on one side, sends packets on the other, and
 * says what must leave and when. Each runs in a process of its own; the first thing that goes
 * wrong ends it with one line.
 *
 * As in packetdrill's scripts, sequence numbers count from each side's own SYN, which is 0, and
 * every byte of a stream is told by its number, so that data need not be spelt out. */

#ifndef PLAY_H
#define PLAY_H

#include <stdbool.h>
#include <stdint.h>
#include <netinet/in.h>
#include <pthread.h>
#include <time.h>

#include "interface.h"

/* A scenario, and all that there are. */
struct scenario {
	const char *name;
	void (*play)(void);
};

extern const struct scenario opening_scenarios[], data_scenarios[], closing_scenarios[],
	timing_scenarios[], waiting_scenarios[], option_scenarios[], readiness_scenarios[],
	udp_scenarios[], other_scenarios[];

/* Plays a script in packetdrill's language. */
void play_script(const char *path);

/* The library under test. */
extern interface_init library_init;

/* Begins, and ends, to play with a stack that --so_flags sets up so. */
void begin_with(const char *flags);
void end(void);

/* The descriptors and calls of the script: call(listen, 3, 1). errno is as the call left it. */
extern struct interface ifc;
#define call(name, ...) (errno = 0, ifc.name(ifc.userdata, ##__VA_ARGS__))

/* Ends the scenario where something is not as it must be. */
void fail(const char *file, int line, const char *format, ...)
	__attribute__((noreturn, format(printf, 3, 4)));
void expect_equal(const char *file, int line, const char *what, long long actual,
		  long long expected);
void expect_error(const char *file, int line, const char *what, long long actual, int error);

/* The value of an expression is so; a call fails so. */
#define expect(what, expected) expect_equal(__FILE__, __LINE__, #what, (long long)(what), expected)
#define expect_errno(what, error) \
	expect_error(__FILE__, __LINE__, #what, (long long)(what), error)

/* The addresses: ours is the stack's, the other is the peer's. */
#define STACK_IP "192.0.2.2"
#define PEER_IP "192.0.2.1"
#define STACK_PORT 8080
#define PEER_PORT 5555

struct sockaddr_in address(const char *ip, int port);

enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16, URG = 32 };

/* A TCP segment. Fields that are 0 in what is expected are not compared, but for flags (PSH
 * aside), numbers and length. */
struct segment {
	int flags;
	uint32_t seq, ack;
	int length;	   /* bytes of data */
	int win;	   /* as it stands in the header; -1 is a window of 0 */
	int urgent;	   /* the urgent pointer */
	int mss;	   /* the option; -1 says that there must be none */
	int wscale;	   /* likewise; 1 more than its value */
	int timestamps;	   /* 1: there is the option, -1: there is none */
	int from_port, to_port;
	int ttl, tos;	   /* of the IP header */
	long long after;   /* microseconds after what left last; -1 is at the same time */
};

/* The peer sends a segment; the next that leaves is this one; nothing more leaves. */
#define peer_sends(...) inject_segment(&(struct segment){__VA_ARGS__})
#define we_send(...) expect_segment(__FILE__, __LINE__, &(struct segment){__VA_ARGS__})
#define nothing_leaves() expect_silence(__FILE__, __LINE__)

void inject_segment(const struct segment *);
/* When it left, as its time tells. */
long long expect_segment(const char *file, int line, const struct segment *);
void expect_silence(const char *file, int line);

/* A packet as it left, whatever it is, at a time in microseconds since the beginning. */
struct packet {
	uint8_t bytes[4096];
	size_t length;
	long long time;
};
struct packet next_packet(const char *file, int line);

/* Any packet comes; the IP header is made for it. */
void inject_ip(int protocol, const void *payload, size_t length);

/* An ICMP error about what left last comes. */
void inject_icmp_error(int type, int code);

/* A UDP datagram comes; the next that leaves is this one. */
void inject_udp(int from_port, int to_port, const char *text);
void expect_udp(const char *file, int line, int from_port, int to_port, const char *text);
#define we_send_udp(from_port, to_port, text) \
	expect_udp(__FILE__, __LINE__, from_port, to_port, text)

/* Microseconds since the beginning, which is at this time; and time that passes. */
long long now(void);
long long beginning_of_time(void);
void time_passes(long long microseconds);

/* What our stream has from the byte on that is numbered so, and what the peer's has. */
void fill(void *buffer, uint32_t number, size_t length);
void expect_bytes(const char *file, int line, const void *buffer, uint32_t number, size_t length);
#define expect_stream(buffer, number, length) \
	expect_bytes(__FILE__, __LINE__, buffer, number, length)

/* A socket that listens, one that was accepted, one that has connected. */
int listening_socket(void);
int accepted_socket(void);
int connected_socket(void);
int nonblocking(int fd);

/* Writes so many bytes of our stream, from this number on. */
ssize_t write_stream(int fd, uint32_t number, size_t length);

/* An option that is a number. */
int option(int fd, int level, int name);
int set_option(int fd, int level, int name, int value);

/* A call that waits, on packetdrill's second thread: it is begun, and it is ended. */
struct waiting {
	pthread_t thread;
	long (*made)(void);
	volatile int thread_id;
	volatile bool is_over;
	long result;
	int error;
	long long end;
};
void begin_waiting(struct waiting *, long (*made)(void));
void expect_waits(const char *file, int line, struct waiting *);
void expect_end(const char *file, int line, struct waiting *, long result, int error,
		long long time);
#define it_waits(waiting) expect_waits(__FILE__, __LINE__, waiting)
#define it_returns(waiting, result, time) expect_end(__FILE__, __LINE__, waiting, result, 0, time)
#define it_fails(waiting, error, time) expect_end(__FILE__, __LINE__, waiting, -1, error, time)

#endif
