/* The end of a connection: shutdown, close, resets, and what calls say then. */

#include "play.h"

#include <errno.h>
#include <netinet/tcp.h>

static int linger(int fd, int on, int seconds)
{
	struct linger linger = {.l_onoff = on, .l_linger = seconds};
	return call(setsockopt, fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
}

static int state_of_connection(int fd)
{
	struct tcp_info info = {0};
	socklen_t length = sizeof(info);
	expect(call(getsockopt, fd, SOL_TCP, TCP_INFO, &info, &length), 0);
	return info.tcpi_state;
}

static void we_close_first(void)
{
	begin_with(NULL);
	int fd = accepted_socket();
	expect(call(close, fd), 0);
	we_send(FIN | ACK, .seq = 1, .ack = 1);
	peer_sends(ACK, .seq = 1, .ack = 2, .win = 50000);
	peer_sends(FIN | ACK, .seq = 1, .ack = 2, .win = 50000);
	we_send(ACK, .seq = 2, .ack = 2);
	expect_errno(call(read, fd, NULL, 0), EBADF);
	/* In TIME-WAIT the peer's FIN is acknowledged once more. */
	time_passes(30000000);
	peer_sends(FIN | ACK, .seq = 1, .ack = 2, .win = 50000);
	we_send(ACK, .seq = 2, .ack = 2);
	nothing_leaves();
	end();
}

static void the_peer_closes_first(void)
{
	begin_with(NULL);
	int fd = accepted_socket();
	uint8_t buffer[100];
	peer_sends(FIN | ACK | PSH, .seq = 1, .ack = 1, .win = 50000, .length = 10);
	we_send(ACK, .seq = 1, .ack = 12);
	expect(call(read, fd, buffer, 100), 10);
	expect(call(read, fd, buffer, 100), 0);
	expect(call(read, fd, buffer, 100), 0);
	expect(state_of_connection(fd), TCP_CLOSE_WAIT);
	/* The other half is open. */
	expect(write_stream(fd, 1, 20), 20);
	we_send(ACK | PSH, .seq = 1, .ack = 12, .length = 20);
	peer_sends(ACK, .seq = 12, .ack = 21, .win = 50000);
	expect(call(close, fd), 0);
	we_send(FIN | ACK, .seq = 21, .ack = 12);
	peer_sends(ACK, .seq = 12, .ack = 22, .win = 50000);
	nothing_leaves();
	end();
}

static void half_a_connection_goes_on(void)
{
	begin_with(NULL);
	int fd = accepted_socket();
	uint8_t buffer[2000];
	expect(call(shutdown, fd, SHUT_WR), 0);
	we_send(FIN | ACK, .seq = 1, .ack = 1);
	expect_errno(write_stream(fd, 1, 10), EPIPE);
	peer_sends(ACK, .seq = 1, .ack = 2, .win = 50000);
	expect(state_of_connection(fd), TCP_FIN_WAIT2);
	peer_sends(ACK | PSH, .seq = 1, .ack = 2, .win = 50000, .length = 1000);
	expect(call(read, fd, buffer, sizeof(buffer)), 1000);
	expect_stream(buffer, 1, 1000);
	peer_sends(FIN | ACK, .seq = 1001, .ack = 2, .win = 50000);
	we_send(ACK, .seq = 2, .ack = 1002);
	expect(call(read, fd, buffer, sizeof(buffer)), 0);
	expect(state_of_connection(fd), TCP_TIME_WAIT);
	expect_errno(call(shutdown, fd, SHUT_WR), ENOTCONN);
	end();
}

static void nothing_is_read_after_shutting_that(void)
{
	begin_with(NULL);
	int fd = accepted_socket();
	uint8_t buffer[100];
	peer_sends(ACK | PSH, .seq = 1, .ack = 1, .win = 50000, .length = 10);
	expect(call(shutdown, fd, SHUT_RD), 0);
	expect(call(read, fd, buffer, 100), 0);
	we_send(ACK, .seq = 1, .ack = 11);
	expect(write_stream(fd, 1, 20), 20);
	we_send(ACK, .seq = 1, .ack = 11, .length = 20);
	end();
}

static void both_close_at_once(void)
{
	begin_with(NULL);
	int fd = accepted_socket();
	expect(call(close, fd), 0);
	we_send(FIN | ACK, .seq = 1, .ack = 1);
	peer_sends(FIN | ACK, .seq = 1, .ack = 1, .win = 50000);
	we_send(ACK, .seq = 2, .ack = 2);
	peer_sends(ACK, .seq = 2, .ack = 2, .win = 50000);
	nothing_leaves();
	end();
}

static void closing_over_what_was_not_read_resets(void)
{
	begin_with(NULL);
	int fd = accepted_socket();
	peer_sends(ACK | PSH, .seq = 1, .ack = 1, .win = 50000, .length = 10);
	expect(call(close, fd), 0);
	we_send(RST | ACK, .seq = 1, .ack = 11);
	nothing_leaves();
	end();
}

static void lingering_for_no_time_resets(void)
{
	begin_with(NULL);
	int fd = accepted_socket();
	expect(linger(fd, 1, 0), 0);
	expect(call(close, fd), 0);
	we_send(RST | ACK, .seq = 1, .ack = 1);
	nothing_leaves();
	end();
}

static int lingering;

static long close_lingering(void)
{
	return call(close, lingering);
}

static void close_lingers_until_all_is_acknowledged(void)
{
	begin_with(NULL);
	struct waiting waiting;
	lingering = accepted_socket();
	expect(linger(lingering, 1, 5), 0);
	struct linger set = {0};
	socklen_t length = sizeof(set);
	expect(call(getsockopt, lingering, SOL_SOCKET, SO_LINGER, &set, &length), 0);
	expect(set.l_onoff == 1 && set.l_linger == 5, true);
	expect(write_stream(lingering, 1, 10), 10);
	we_send(ACK, .seq = 1, .ack = 1, .length = 10);
	begin_waiting(&waiting, close_lingering);
	it_waits(&waiting);
	we_send(FIN | ACK, .seq = 11, .ack = 1);
	time_passes(100000);
	long long acknowledged = now();
	peer_sends(ACK, .seq = 1, .ack = 12, .win = 50000);
	it_returns(&waiting, 0, acknowledged);
	end();
}

static void close_lingers_no_longer_than_it_may(void)
{
	begin_with(NULL);
	struct waiting waiting;
	lingering = accepted_socket();
	expect(linger(lingering, 1, 2), 0);
	expect(write_stream(lingering, 1, 10), 10);
	we_send(ACK, .seq = 1, .ack = 1, .length = 10);
	long long begun = now();
	begin_waiting(&waiting, close_lingering);
	time_passes(3000000);
	it_returns(&waiting, 0, begun + 2000000);
	end();
}

static void a_reset_is_told_once(void)
{
	begin_with(NULL);
	int fd = accepted_socket();
	uint8_t buffer[100];
	peer_sends(RST, .seq = 1);
	expect_errno(call(read, fd, buffer, 100), ECONNRESET);
	expect(call(read, fd, buffer, 100), 0);
	expect_errno(write_stream(fd, 1, 10), EPIPE);
	expect(option(fd, SOL_SOCKET, SO_ERROR), 0);
	expect(state_of_connection(fd), TCP_CLOSE);
	expect(call(close, fd), 0);
	nothing_leaves();
	end();
}

static void what_came_before_a_reset_can_be_read(void)
{
	begin_with(NULL);
	int fd = accepted_socket();
	uint8_t buffer[100];
	peer_sends(ACK | PSH, .seq = 1, .ack = 1, .win = 50000, .length = 10);
	peer_sends(RST, .seq = 11);
	expect(call(read, fd, buffer, 100), 10);
	expect_stream(buffer, 1, 10);
	expect_errno(write_stream(fd, 1, 10), ECONNRESET);
	expect_errno(write_stream(fd, 1, 10), EPIPE);
	expect(call(read, fd, buffer, 100), 0);
	end();
}

static void a_reset_that_is_off_is_challenged(void)
{
	begin_with(NULL);
	int fd = accepted_socket();
	uint8_t buffer[100];
	peer_sends(RST, .seq = 100);
	we_send(ACK, .seq = 1, .ack = 1);
	expect_errno(call(recv, fd, buffer, 100, MSG_DONTWAIT), EAGAIN);
	end();
}

static void who_was_not_accepted_ends_with_the_listener(void)
{
	begin_with(NULL);
	int listener = listening_socket();
	peer_sends(SYN, .seq = 0, .win = 50000, .mss = 1000);
	we_send(SYN | ACK, .seq = 0, .ack = 1);
	peer_sends(ACK, .seq = 1, .ack = 1, .win = 50000);
	/* Nobody has accepted it: it ends with the listener. */
	expect(call(close, listener), 0);
	we_send(RST | ACK, .seq = 1, .ack = 1);
	nothing_leaves();
	end();
}

const struct scenario closing_scenarios[] = {
	{"we close first", we_close_first},
	{"the peer closes first", the_peer_closes_first},
	{"half a connection goes on", half_a_connection_goes_on},
	{"nothing is read after shutting that", nothing_is_read_after_shutting_that},
	{"both close at once", both_close_at_once},
	{"closing over what was not read resets", closing_over_what_was_not_read_resets},
	{"lingering for no time resets", lingering_for_no_time_resets},
	{"close lingers until all is acknowledged", close_lingers_until_all_is_acknowledged},
	{"close lingers no longer than it may", close_lingers_no_longer_than_it_may},
	{"a reset is told once", a_reset_is_told_once},
	{"what came before a reset can be read", what_came_before_a_reset_can_be_read},
	{"a reset that is off is challenged", a_reset_that_is_off_is_challenged},
	{"who was not accepted ends with the listener", who_was_not_accepted_ends_with_the_listener},
	{0},
};
