/* Calls that wait, on a second thread, while the first one moves time and packets. */

#include "play.h"

#include <errno.h>
#include <stdio.h>

static int fd;
static uint8_t buffer[200000];
static struct pollfd polled;
static struct epoll_event event;
static int epoll;

static long do_accept(void)
{
	struct sockaddr_in peer;
	socklen_t length = sizeof(peer);
	int accepted = call(accept, fd, (struct sockaddr *)&peer, &length);
	return accepted >= 0 && ntohs(peer.sin_port) == PEER_PORT ? 0 : -1;
}

static long do_connect(void)
{
	struct sockaddr_in remote = address(PEER_IP, PEER_PORT);
	return call(connect, fd, (struct sockaddr *)&remote, sizeof(remote));
}

static long do_read(void) { return call(read, fd, buffer, sizeof(buffer)); }
static long do_write(void) { return write_stream(fd, 1, 5000); }
static long do_receive_all(void) { return call(recv, fd, buffer, 1500, MSG_WAITALL); }
static long do_poll(void) { return call(poll, &polled, 1, 500); }
static long do_poll_for_ever(void) { return call(poll, &polled, 1, -1); }
static long do_epoll_wait(void) { return call(epoll_wait, epoll, &event, 1, -1); }
static long do_epoll_wait_a_while(void) { return call(epoll_wait, epoll, &event, 1, 500); }

static void accept_waits_for_a_connection(void)
{
	begin_with(NULL);
	struct waiting waiting;
	fd = listening_socket();
	begin_waiting(&waiting, do_accept);
	time_passes(100000);
	peer_sends(SYN, .seq = 0, .win = 32792, .mss = 1000);
	we_send(SYN | ACK, .seq = 0, .ack = 1);
	it_waits(&waiting);
	time_passes(100000);
	long long came = now();
	peer_sends(ACK, .seq = 1, .ack = 1, .win = 257);
	/* However far the first thread goes on at once, that is when it came back. */
	time_passes(10000000);
	it_returns(&waiting, 0, came);
	end();
}

static void connect_waits_for_the_answer(void)
{
	begin_with(NULL);
	struct waiting waiting;
	fd = call(socket, AF_INET, SOCK_STREAM, 0);
	begin_waiting(&waiting, do_connect);
	we_send(SYN, .seq = 0);
	time_passes(30000);
	it_waits(&waiting);
	long long came = now();
	peer_sends(SYN | ACK, .seq = 0, .ack = 1, .win = 50000, .mss = 1000);
	we_send(ACK, .seq = 1, .ack = 1);
	time_passes(1000000);
	it_returns(&waiting, 0, came);
	end();
}

static void connect_waits_and_is_refused(void)
{
	begin_with(NULL);
	struct waiting waiting;
	fd = call(socket, AF_INET, SOCK_STREAM, 0);
	begin_waiting(&waiting, do_connect);
	we_send(SYN, .seq = 0);
	long long came = now();
	peer_sends(RST | ACK, .seq = 0, .ack = 1);
	time_passes(1000000);
	it_fails(&waiting, ECONNREFUSED, came);
	end();
}

static void connect_waits_as_long_as_it_may(void)
{
	begin_with(NULL);
	struct waiting waiting;
	struct timeval timeout = {.tv_sec = 2, .tv_usec = 500000};
	fd = call(socket, AF_INET, SOCK_STREAM, 0);
	expect(call(setsockopt, fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)), 0);
	long long begun = now();
	begin_waiting(&waiting, do_connect);
	we_send(SYN, .seq = 0);
	time_passes(5000000);
	it_fails(&waiting, EINPROGRESS, begun + 2500000);
	end();
}

static void read_waits_for_data(void)
{
	begin_with(NULL);
	struct waiting waiting;
	fd = accepted_socket();
	begin_waiting(&waiting, do_read);
	time_passes(100000);
	it_waits(&waiting);
	long long came = now();
	peer_sends(ACK | PSH, .seq = 1, .ack = 1, .win = 50000, .length = 700);
	we_send(ACK, .seq = 1, .ack = 701);
	it_returns(&waiting, 700, came);
	expect_stream(buffer, 1, 700);
	end();
}

static void read_waits_for_the_end(void)
{
	begin_with(NULL);
	struct waiting waiting;
	fd = accepted_socket();
	begin_waiting(&waiting, do_read);
	long long came = now();
	peer_sends(FIN | ACK, .seq = 1, .ack = 1, .win = 50000);
	we_send(ACK, .seq = 1, .ack = 2);
	it_returns(&waiting, 0, came);
	end();
}

static void read_waits_and_is_reset(void)
{
	begin_with(NULL);
	struct waiting waiting;
	fd = accepted_socket();
	begin_waiting(&waiting, do_read);
	long long came = now();
	peer_sends(RST, .seq = 1);
	time_passes(100000);
	it_fails(&waiting, ECONNRESET, came);
	end();
}

static void read_waits_as_long_as_it_may(void)
{
	begin_with(NULL);
	struct waiting waiting;
	struct timeval timeout = {.tv_usec = 250000}, set;
	socklen_t length = sizeof(set);
	fd = accepted_socket();
	expect(call(setsockopt, fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)), 0);
	expect(call(getsockopt, fd, SOL_SOCKET, SO_RCVTIMEO, &set, &length), 0);
	expect(set.tv_sec == 0 && set.tv_usec == 250000, true);
	long long begun = now();
	begin_waiting(&waiting, do_read);
	time_passes(1000000);
	it_fails(&waiting, EAGAIN, begun + 250000);
	end();
}

static void receiving_all_waits_for_all(void)
{
	begin_with(NULL);
	struct waiting waiting;
	fd = accepted_socket();
	begin_waiting(&waiting, do_receive_all);
	peer_sends(ACK, .seq = 1, .ack = 1, .win = 50000, .length = 1000);
	it_waits(&waiting);
	time_passes(1000);
	long long came = now();
	peer_sends(ACK, .seq = 1001, .ack = 1, .win = 50000, .length = 1000);
	time_passes(1000);
	it_returns(&waiting, 1500, came);
	expect_stream(buffer, 1, 1500);
	expect(call(recv, fd, buffer, sizeof(buffer), MSG_DONTWAIT), 500);
	end();
}

static void receiving_all_takes_what_there_is_at_the_end(void)
{
	begin_with(NULL);
	struct waiting waiting;
	fd = accepted_socket();
	begin_waiting(&waiting, do_receive_all);
	peer_sends(ACK, .seq = 1, .ack = 1, .win = 50000, .length = 1000);
	long long came = now();
	peer_sends(FIN | ACK, .seq = 1001, .ack = 1, .win = 50000);
	time_passes(1000);
	it_returns(&waiting, 1000, came);
	end();
}

static void write_waits_for_room(void)
{
	begin_with("sndbuf=2000");
	struct waiting waiting;
	fd = accepted_socket();
	begin_waiting(&waiting, do_write);
	we_send(ACK, .seq = 1, .ack = 1, .length = 1000);
	we_send(ACK, .seq = 1001, .ack = 1, .length = 1000);
	peer_sends(ACK, .seq = 1, .ack = 1001, .win = 50000);
	we_send(ACK, .seq = 2001, .ack = 1, .length = 1000);
	it_waits(&waiting);
	time_passes(10000);
	long long came = now();
	peer_sends(ACK, .seq = 1, .ack = 3001, .win = 50000);
	time_passes(10000);
	it_returns(&waiting, 5000, came);
	we_send(ACK, .seq = 3001, .ack = 1, .length = 1000);
	we_send(ACK, .seq = 4001, .ack = 1, .length = 1000);
	end();
}

static void write_returns_what_found_room_before_a_reset(void)
{
	begin_with("sndbuf=2000");
	struct waiting waiting;
	fd = accepted_socket();
	begin_waiting(&waiting, do_write);
	long long came = now();
	peer_sends(RST, .seq = 1);
	time_passes(10000);
	it_returns(&waiting, 2000, came);
	expect_errno(write_stream(fd, 2001, 1), EPIPE);
	end();
}

static void poll_waits_for_what_it_is_asked(void)
{
	begin_with(NULL);
	struct waiting waiting;
	polled = (struct pollfd){.fd = fd = accepted_socket(), .events = POLLIN};
	begin_waiting(&waiting, do_poll_for_ever);
	time_passes(10000);
	it_waits(&waiting);
	long long came = now();
	peer_sends(ACK | PSH, .seq = 1, .ack = 1, .win = 50000, .length = 10);
	time_passes(10000);
	it_returns(&waiting, 1, came);
	expect(polled.revents, POLLIN);
	end();
}

static void poll_waits_no_longer_than_it_may(void)
{
	begin_with(NULL);
	struct waiting waiting;
	polled = (struct pollfd){.fd = fd = accepted_socket(), .events = POLLIN, .revents = 77};
	long long begun = now();
	begin_waiting(&waiting, do_poll);
	time_passes(700000);
	it_returns(&waiting, 0, begun + 500000);
	expect(polled.revents, 0);
	end();
}

static void poll_on_the_first_thread_moves_time_itself(void)
{
	begin_with(NULL);
	polled = (struct pollfd){.fd = fd = accepted_socket(), .events = POLLIN};
	long long begun = now();
	expect(do_poll(), 0);
	expect(now(), begun + 500000 + 1);
	end();
}

static void epoll_waits_for_what_it_is_asked(void)
{
	begin_with(NULL);
	struct waiting waiting;
	fd = accepted_socket();
	epoll = call(epoll_create, 1);
	event = (struct epoll_event){.events = EPOLLIN, .data.u64 = 42};
	expect(call(epoll_ctl, epoll, EPOLL_CTL_ADD, fd, &event), 0);
	event.data.u64 = 0;
	begin_waiting(&waiting, do_epoll_wait);
	time_passes(10000);
	it_waits(&waiting);
	long long came = now();
	peer_sends(ACK | PSH, .seq = 1, .ack = 1, .win = 50000, .length = 10);
	time_passes(10000);
	it_returns(&waiting, 1, came);
	expect(event.events, EPOLLIN);
	expect(event.data.u64, 42);
	end();
}

static void epoll_waits_no_longer_than_it_may(void)
{
	begin_with(NULL);
	struct waiting waiting;
	fd = accepted_socket();
	epoll = call(epoll_create, 1);
	event = (struct epoll_event){.events = EPOLLIN};
	expect(call(epoll_ctl, epoll, EPOLL_CTL_ADD, fd, &event), 0);
	long long begun = now();
	begin_waiting(&waiting, do_epoll_wait_a_while);
	time_passes(700000);
	it_returns(&waiting, 0, begun + 500000);
	end();
}

static void time_stops_where_a_call_comes_back(void)
{
	begin_with(NULL);
	struct waiting waiting;
	fd = accepted_socket();
	/* What it waits for is 40 ms away, and the first thread looks for what leaves then. */
	begin_waiting(&waiting, do_read);
	peer_sends(ACK, .seq = 1, .ack = 1, .win = 50000, .length = 10);
	long long came = now();
	we_send(ACK, .seq = 1, .ack = 11);
	expect(now() >= came + 40000 - 5, true);
	it_returns(&waiting, 10, came - 1);
	end();
}

static void what_nobody_can_end_is_a_deadlock(void)
{
	begin_with(NULL);
	fd = listening_socket();
	/* On the first thread: nobody is left to inject anything. */
	if (freopen("/dev/null", "w", stderr) == NULL)
		fail(__FILE__, __LINE__, "/dev/null cannot be opened");
	expect_errno(call(accept, fd, NULL, NULL), EDEADLK);
	end();
}

const struct scenario waiting_scenarios[] = {
	{"accept waits for a connection", accept_waits_for_a_connection},
	{"connect waits for the answer", connect_waits_for_the_answer},
	{"connect waits and is refused", connect_waits_and_is_refused},
	{"connect waits as long as it may", connect_waits_as_long_as_it_may},
	{"read waits for data", read_waits_for_data},
	{"read waits for the end", read_waits_for_the_end},
	{"read waits and is reset", read_waits_and_is_reset},
	{"read waits as long as it may", read_waits_as_long_as_it_may},
	{"receiving all waits for all", receiving_all_waits_for_all},
	{"receiving all takes what there is at the end",
	 receiving_all_takes_what_there_is_at_the_end},
	{"write waits for room", write_waits_for_room},
	{"write returns what found room before a reset",
	 write_returns_what_found_room_before_a_reset},
	{"poll waits for what it is asked", poll_waits_for_what_it_is_asked},
	{"poll waits no longer than it may", poll_waits_no_longer_than_it_may},
	{"poll on the first thread moves time itself", poll_on_the_first_thread_moves_time_itself},
	{"epoll waits for what it is asked", epoll_waits_for_what_it_is_asked},
	{"epoll waits no longer than it may", epoll_waits_no_longer_than_it_may},
	{"time stops where a call comes back", time_stops_where_a_call_comes_back},
	{"what nobody can end is a deadlock", what_nobody_can_end_is_a_deadlock},
	{0},
};
