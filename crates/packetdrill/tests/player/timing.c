/* Time: it is the library's, it moves only when it is asked to, and timers are exact. */

#include "play.h"

#include <errno.h>
#include <netinet/tcp.h>

enum { SECOND = 1000000 };

static int connect_to_peer(int fd)
{
	struct sockaddr_in remote = address(PEER_IP, PEER_PORT);
	return call(connect, fd, (struct sockaddr *)&remote, sizeof(remote));
}

static void the_clock_moves_a_microsecond_when_it_is_asked(void)
{
	begin_with(NULL);
	long long first = now();
	for (int times = 1; times <= 100; times++)
		expect(now(), first + times);
	end();
}

static void sleeping_moves_it_by_as_much_as_was_said(void)
{
	begin_with(NULL);
	long long before = now();
	time_passes(12345);
	expect(now(), before + 12345 + 1);
	time_passes(0);
	expect(now(), before + 12345 + 2);
	time_passes(4000000000LL);
	expect(now(), before + 12345 + 4000000000LL + 3);
	end();
}

static void a_syn_leaves_again_after_one_two_four_seconds(void)
{
	begin_with(NULL);
	int fd = nonblocking(call(socket, AF_INET, SOCK_STREAM, 0));
	expect_errno(connect_to_peer(fd), EINPROGRESS);
	we_send(SYN, .seq = 0);
	for (int seconds = 1; seconds <= 32; seconds *= 2)
		we_send(SYN, .seq = 0, .after = seconds * SECOND);
	end();
}

static void a_syn_ack_leaves_again_too(void)
{
	begin_with(NULL);
	listening_socket();
	peer_sends(SYN, .seq = 0, .win = 1000, .mss = 1000);
	we_send(SYN | ACK, .seq = 0, .ack = 1);
	we_send(SYN | ACK, .seq = 0, .ack = 1, .after = 1 * SECOND);
	we_send(SYN | ACK, .seq = 0, .ack = 1, .after = 2 * SECOND);
	end();
}

/* The round trip took 100 ms, so the first timeout is 100 + 4 * 50 ms. */
static void data_leaves_again_when_it_is_time(void)
{
	begin_with(NULL);
	int fd = nonblocking(call(socket, AF_INET, SOCK_STREAM, 0));
	long long begun = now();
	expect_errno(connect_to_peer(fd), EINPROGRESS);
	we_send(SYN, .seq = 0);
	time_passes(begun + 100000 - now() - 1);
	expect(now(), begun + 100000);
	peer_sends(SYN | ACK, .seq = 0, .ack = 1, .win = 50000, .mss = 1000);
	we_send(ACK, .seq = 1, .ack = 1, .after = 100000);
	expect(write_stream(fd, 1, 10), 10);
	we_send(ACK, .seq = 1, .ack = 1, .length = 10, .after = -1);
	we_send(ACK, .seq = 1, .ack = 1, .length = 10, .after = 300000);
	we_send(ACK, .seq = 1, .ack = 1, .length = 10, .after = 600000);
	we_send(ACK, .seq = 1, .ack = 1, .length = 10, .after = 1200000);
	end();
}

static void the_least_timeout_can_be_set(void)
{
	begin_with("min_rto=1000");
	int fd = accepted_socket();
	expect(write_stream(fd, 1, 10), 10);
	we_send(ACK, .seq = 1, .ack = 1, .length = 10);
	we_send(ACK, .seq = 1, .ack = 1, .length = 10, .after = 1 * SECOND);
	end();
}

static void an_acknowledgment_waits_forty_milliseconds(void)
{
	begin_with(NULL);
	int fd = accepted_socket();
	expect(write_stream(fd, 1, 10), 10);
	we_send(ACK, .seq = 1, .ack = 1, .length = 10);
	peer_sends(ACK, .seq = 1, .ack = 11, .win = 50000, .length = 100);
	long long came = now();
	we_send(ACK, .seq = 11, .ack = 101);
	expect(now() >= came + 40000 - 2 && now() <= came + 40000 + 4, true);
	/* Unless somebody wants it at once. */
	expect(set_option(fd, SOL_TCP, TCP_QUICKACK, 1), 0);
	peer_sends(ACK, .seq = 101, .ack = 11, .win = 50000, .length = 100);
	came = now();
	we_send(ACK, .seq = 11, .ack = 201);
	expect(now() <= came + 4, true);
	end();
}

static void a_connection_that_nobody_answers_times_out(void)
{
	begin_with(NULL);
	int fd = call(socket, AF_INET, SOCK_STREAM, 0);
	long long begun = now();
	expect_errno(connect_to_peer(fd), ETIMEDOUT);
	expect(now() - begun >= 180 * SECOND && now() - begun < 200 * SECOND, true);
	end();
}

static void the_user_timeout_ends_what_is_not_acknowledged(void)
{
	begin_with(NULL);
	int fd = accepted_socket();
	char byte;
	expect(set_option(fd, SOL_TCP, TCP_USER_TIMEOUT, 5000), 0);
	expect(option(fd, SOL_TCP, TCP_USER_TIMEOUT), 5000);
	long long begun = now();
	expect(write_stream(fd, 1, 10), 10);
	expect_errno(call(read, fd, &byte, 1), ETIMEDOUT);
	expect(now() >= begun + 5 * SECOND && now() <= begun + 5 * SECOND + 5, true);
	expect(call(read, fd, &byte, 1), 0);
	end();
}

static void keep_alive_asks_and_gives_up(void)
{
	begin_with(NULL);
	int fd = accepted_socket();
	char byte;
	expect(set_option(fd, SOL_TCP, TCP_KEEPIDLE, 10), 0);
	expect(set_option(fd, SOL_TCP, TCP_KEEPINTVL, 2), 0);
	expect(set_option(fd, SOL_TCP, TCP_KEEPCNT, 2), 0);
	expect(set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1), 0);
	long long begun = now();
	we_send(ACK, .seq = 0, .ack = 1);
	expect(now() >= begun + 10 * SECOND && now() <= begun + 10 * SECOND + 5, true);
	peer_sends(ACK, .seq = 1, .ack = 1, .win = 50000);
	we_send(ACK, .seq = 0, .ack = 1);
	we_send(ACK, .seq = 0, .ack = 1, .after = 2 * SECOND);
	expect_errno(call(read, fd, &byte, 1), ETIMEDOUT);
	end();
}

static void a_closed_window_is_probed(void)
{
	begin_with(NULL);
	int fd = accepted_socket();
	peer_sends(ACK, .seq = 1, .ack = 1, .win = -1);
	expect(write_stream(fd, 1, 10), 10);
	struct packet first = next_packet(__FILE__, __LINE__);
	struct packet second = next_packet(__FILE__, __LINE__);
	struct packet third = next_packet(__FILE__, __LINE__);
	expect(third.time - second.time, 2 * (second.time - first.time));
	peer_sends(ACK, .seq = 1, .ack = 1, .win = 1000);
	/* A probe may have had the first byte. */
	struct packet data = next_packet(__FILE__, __LINE__);
	expect(data.length > 40, true);
	end();
}

static void a_cork_is_drawn_after_two_hundred_milliseconds(void)
{
	begin_with(NULL);
	int fd = accepted_socket();
	expect(set_option(fd, SOL_TCP, TCP_CORK, 1), 0);
	expect(write_stream(fd, 1, 10), 10);
	long long begun = now();
	we_send(ACK, .seq = 1, .ack = 1, .length = 10);
	expect(now() >= begun + 200000 - 2 && now() <= begun + 200000 + 4, true);
	end();
}

static void time_wait_lasts_a_minute(void)
{
	begin_with(NULL);
	int fd = accepted_socket();
	expect(call(close, fd), 0);
	we_send(FIN | ACK, .seq = 1, .ack = 1);
	peer_sends(FIN | ACK, .seq = 1, .ack = 2, .win = 50000);
	we_send(ACK, .seq = 2, .ack = 2);
	time_passes(59 * SECOND);
	peer_sends(FIN | ACK, .seq = 1, .ack = 2, .win = 50000);
	we_send(ACK, .seq = 2, .ack = 2);
	time_passes(61 * SECOND);
	/* By now nobody knows it. */
	peer_sends(FIN | ACK, .seq = 1, .ack = 2, .win = 50000);
	we_send(RST, .seq = 2);
	end();
}

static void what_left_has_the_time_at_which_it_left(void)
{
	begin_with(NULL);
	int fd = accepted_socket();
	long long before = now();
	expect(write_stream(fd, 1, 10), 10);
	time_passes(50000);
	struct packet packet = next_packet(__FILE__, __LINE__);
	struct timeval time;
	ifc.gettimeofday(ifc.userdata, &time, NULL);
	long long since = time.tv_sec * 1000000LL + time.tv_usec - packet.time;
	expect(since >= 50000 && since <= 50010, true);
	expect(before > 0, true);
	end();
}

static void receiving_gives_up_where_nothing_is_due(void)
{
	begin_with(NULL);
	long long before = now();
	nothing_leaves();
	listening_socket();
	nothing_leaves();
	expect(now() - before < 10, true);
	end();
}

const struct scenario timing_scenarios[] = {
	{"the clock moves a microsecond when it is asked",
	 the_clock_moves_a_microsecond_when_it_is_asked},
	{"sleeping moves it by as much as was said", sleeping_moves_it_by_as_much_as_was_said},
	{"a SYN leaves again after 1, 2, 4 seconds", a_syn_leaves_again_after_one_two_four_seconds},
	{"a SYN, ACK leaves again too", a_syn_ack_leaves_again_too},
	{"data leaves again when it is time", data_leaves_again_when_it_is_time},
	{"the least timeout can be set", the_least_timeout_can_be_set},
	{"an acknowledgment waits 40 ms", an_acknowledgment_waits_forty_milliseconds},
	{"a connection that nobody answers times out", a_connection_that_nobody_answers_times_out},
	{"the user timeout ends what is not acknowledged",
	 the_user_timeout_ends_what_is_not_acknowledged},
	{"keep-alive asks and gives up", keep_alive_asks_and_gives_up},
	{"a closed window is probed", a_closed_window_is_probed},
	{"a cork is drawn after 200 ms", a_cork_is_drawn_after_two_hundred_milliseconds},
	{"TIME-WAIT lasts a minute", time_wait_lasts_a_minute},
	{"what left has the time at which it left", what_left_has_the_time_at_which_it_left},
	{"receiving gives up where nothing is due", receiving_gives_up_where_nothing_is_due},
	{0},
};
