/* The words that scenarios are told with: calls, time, and a second thread. */

#include "play.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

struct interface ifc;
interface_init library_init;

static long long beginning;

void fail(const char *file, int line, const char *format, ...)
{
	char text[512];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	const char *base = strrchr(file, '/');
	printf("%s:%d: %s\n", base ? base + 1 : file, line, text);
	fflush(stdout);
	_exit(1);
}

void expect_equal(const char *file, int line, const char *what, long long actual,
		  long long expected)
{
	int error = errno;
	if (actual == expected)
		return;
	if (actual == -1)
		fail(file, line, "%s is -1 (%s), but should be %lld", what, strerror(error),
		     expected);
	fail(file, line, "%s is %lld, but should be %lld", what, actual, expected);
}

void expect_error(const char *file, int line, const char *what, long long actual, int error)
{
	int found = errno;
	if (actual != -1)
		fail(file, line, "%s is %lld, but should fail with: %s", what, actual,
		     strerror(error));
	if (found != error)
		fail(file, line, "%s fails with: %s, but should with: %s", what,
		     strerror(found), strerror(error));
}

void begin_with(const char *flags)
{
	memset(&ifc, 0xff, sizeof(ifc));
	library_init(flags, &ifc);
	beginning = 0;
	beginning = now();
}

void end(void)
{
	ifc.free(ifc.userdata);
}

long long now(void)
{
	struct timeval time;
	if (ifc.gettimeofday(ifc.userdata, &time, NULL) != 0)
		fail(__FILE__, __LINE__, "gettimeofday fails");
	return time.tv_sec * 1000000LL + time.tv_usec - beginning;
}

long long beginning_of_time(void)
{
	return beginning;
}

void time_passes(long long microseconds)
{
	expect(call(usleep, microseconds), 0);
}

struct sockaddr_in address(const char *ip, int port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
	inet_pton(AF_INET, ip, &address.sin_addr);
	return address;
}

static uint8_t byte_numbered(uint32_t number)
{
	return number * 31 + (number >> 8) * 7;
}

void fill(void *buffer, uint32_t number, size_t length)
{
	for (size_t i = 0; i < length; i++)
		((uint8_t *)buffer)[i] = byte_numbered(number + i);
}

void expect_bytes(const char *file, int line, const void *buffer, uint32_t number, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		uint8_t actual = ((const uint8_t *)buffer)[i];
		if (actual != byte_numbered(number + i))
			fail(file, line, "byte %u of the stream is %#x, but should be %#x",
			     number + (uint32_t)i, actual, byte_numbered(number + i));
	}
}

int nonblocking(int fd)
{
	expect(call(fcntl, fd, F_GETFL), O_RDWR);
	expect(call(fcntl, fd, F_SETFL, O_RDWR | O_NONBLOCK), 0);
	return fd;
}

int listening_socket(void)
{
	int fd = call(socket, AF_INET, SOCK_STREAM, IPPROTO_TCP);
	struct sockaddr_in local = address(STACK_IP, STACK_PORT);
	expect(fd >= 0, true);
	expect(set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1), 0);
	expect(call(bind, fd, (struct sockaddr *)&local, sizeof(local)), 0);
	expect(call(listen, fd, 1), 0);
	return fd;
}

/* The peer offers an MSS of 1000 bytes and nothing else, so segments have 1000 bytes. */
int accepted_socket(void)
{
	int listener = listening_socket();
	struct sockaddr_in peer;
	socklen_t length = sizeof(peer);
	peer_sends(SYN, .seq = 0, .win = 50000, .mss = 1000);
	we_send(SYN | ACK, .seq = 0, .ack = 1);
	peer_sends(ACK, .seq = 1, .ack = 1, .win = 50000);
	int fd = call(accept, listener, (struct sockaddr *)&peer, &length);
	expect(fd >= 0, true);
	expect(call(close, listener), 0);
	return fd;
}

int connected_socket(void)
{
	int fd = nonblocking(call(socket, AF_INET, SOCK_STREAM, IPPROTO_TCP));
	struct sockaddr_in remote = address(PEER_IP, PEER_PORT);
	expect_errno(call(connect, fd, (struct sockaddr *)&remote, sizeof(remote)), EINPROGRESS);
	we_send(SYN, .seq = 0);
	peer_sends(SYN | ACK, .seq = 0, .ack = 1, .win = 50000, .mss = 1000);
	we_send(ACK, .seq = 1, .ack = 1);
	expect(call(fcntl, fd, F_SETFL, O_RDWR), 0);
	return fd;
}

ssize_t write_stream(int fd, uint32_t number, size_t length)
{
	uint8_t *bytes = malloc(length);
	fill(bytes, number, length);
	ssize_t written = call(write, fd, bytes, length);
	int error = errno;
	free(bytes);
	errno = error;
	return written;
}

int option(int fd, int level, int name)
{
	int value = -1;
	socklen_t length = sizeof(value);
	expect(call(getsockopt, fd, level, name, &value, &length), 0);
	expect(length, sizeof(value));
	return value;
}

int set_option(int fd, int level, int name, int value)
{
	return call(setsockopt, fd, level, name, &value, sizeof(value));
}

/* As packetdrill does it: the call, errno at once, and then the time that it came back at. */
static void *second_thread(void *argument)
{
	struct waiting *waiting = argument;
	waiting->thread_id = (int)syscall(SYS_gettid);
	errno = 0;
	waiting->result = waiting->made();
	waiting->error = errno;
	waiting->end = now();
	waiting->is_over = true;
	return NULL;
}

static void wait_a_little(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
}

/* The state of a thread, as /proc/self/task/ID/stat has it behind the name. */
static char state_of(int thread)
{
	char path[64], text[256] = "";
	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", thread);
	FILE *file = fopen(path, "r");
	if (file == NULL)
		return 'X';
	if (fgets(text, sizeof(text), file) == NULL)
		text[0] = 0;
	fclose(file);
	char *behind = strrchr(text, ')');
	return behind ? behind[2] : 'X';
}

/* Goes on when the thread sleeps, or is done. */
void begin_waiting(struct waiting *waiting, long (*made)(void))
{
	*waiting = (struct waiting){.made = made};
	if (pthread_create(&waiting->thread, NULL, second_thread, waiting) != 0)
		fail(__FILE__, __LINE__, "there is no second thread");
	for (int asleep = 0; asleep < 5 && !waiting->is_over;) {
		wait_a_little();
		bool sleeps = waiting->thread_id != 0 && state_of(waiting->thread_id) == 'S';
		asleep = sleeps ? asleep + 1 : 0;
	}
}

void expect_waits(const char *file, int line, struct waiting *waiting)
{
	if (waiting->is_over)
		fail(file, line, "the call returned %ld (%s), but should wait", waiting->result,
		     strerror(waiting->error));
}

/* `time` is exact but for the microsecond that asking for it takes. */
void expect_end(const char *file, int line, struct waiting *waiting, long result, int error,
		long long time)
{
	for (int tries = 0; tries < 20000 && !waiting->is_over; tries++)
		wait_a_little();
	if (!waiting->is_over)
		fail(file, line, "the call still waits");
	pthread_join(waiting->thread, NULL);
	if (waiting->result != result || (result == -1 && waiting->error != error))
		fail(file, line, "the call returned %ld (%s), but should have returned %ld (%s)",
		     waiting->result, strerror(waiting->error), result, strerror(error));
	if (time >= 0 && (waiting->end < time || waiting->end > time + 3))
		fail(file, line, "the call returned at %lld us, but should have at %lld us",
		     waiting->end, time);
}
