/* getsockopt, setsockopt, fcntl, and what they change. */

#include "play.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <string.h>

static int tcp_socket(void)
{
	int fd = call(socket, AF_INET, SOCK_STREAM, IPPROTO_TCP);
	expect(fd >= 0, true);
	return fd;
}

static struct tcp_info info_of(int fd)
{
	struct tcp_info info;
	socklen_t length = sizeof(info);
	memset(&info, 0, sizeof(info));
	expect(call(getsockopt, fd, SOL_TCP, TCP_INFO, &info, &length), 0);
	return info;
}

static void every_option_is_what_it_was_set_to(void)
{
	static const struct {
		int level, name, at_first, set, then;
	} options[] = {
		{SOL_SOCKET, SO_REUSEADDR, 0, 1, 1},
		{SOL_SOCKET, SO_KEEPALIVE, 0, 1, 1},
		{SOL_SOCKET, SO_OOBINLINE, 0, 1, 1},
		{SOL_SOCKET, SO_SNDBUF, 256 << 10, 5000, 10000},
		{SOL_SOCKET, SO_RCVBUF, 256 << 10, 7000, 14000},
		{SOL_TCP, TCP_NODELAY, 0, 1, 1},
		{SOL_TCP, TCP_CORK, 0, 1, 1},
		{SOL_TCP, TCP_QUICKACK, 0, 1, 1},
		{SOL_TCP, TCP_MAXSEG, 536, 1000, 1000},
		{SOL_TCP, TCP_KEEPIDLE, 7200, 60, 60},
		{SOL_TCP, TCP_KEEPINTVL, 75, 5, 5},
		{SOL_TCP, TCP_KEEPCNT, 9, 3, 3},
		{SOL_TCP, TCP_USER_TIMEOUT, 0, 30000, 30000},
		{SOL_IP, IP_TTL, 64, 9, 9},
		{SOL_IP, IP_TOS, 0, 0x10, 0x10},
		{SOL_IP, IP_RECVERR, 0, 1, 1},
	};
	begin_with(NULL);
	int fd = tcp_socket();
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		int level = options[i].level, name = options[i].name;
		int at_first = option(fd, level, name);
		int set = set_option(fd, level, name, options[i].set);
		int then = option(fd, level, name);
		if (at_first != options[i].at_first || set != 0 || then != options[i].then)
			fail(__FILE__, __LINE__,
			     "option %d of level %d was %d, setting it returned %d, then it was %d",
			     name, level, at_first, set, then);
	}
	end();
}

static void values_that_cannot_be_are_refused(void)
{
	begin_with(NULL);
	int fd = tcp_socket();
	expect_errno(set_option(fd, SOL_TCP, TCP_MAXSEG, 87), EINVAL);
	expect_errno(set_option(fd, SOL_TCP, TCP_MAXSEG, 32768), EINVAL);
	expect_errno(set_option(fd, SOL_TCP, TCP_KEEPIDLE, 0), EINVAL);
	expect_errno(set_option(fd, SOL_TCP, TCP_KEEPCNT, 128), EINVAL);
	expect_errno(set_option(fd, SOL_TCP, TCP_USER_TIMEOUT, -1), EINVAL);
	expect_errno(set_option(fd, SOL_IP, IP_TTL, 0), EINVAL);
	expect_errno(set_option(fd, SOL_IP, IP_TTL, 256), EINVAL);
	expect_errno(set_option(fd, SOL_SOCKET, SO_TYPE, 1), ENOPROTOOPT);
	expect_errno(set_option(fd, SOL_TCP, 9999, 1), ENOPROTOOPT);
	expect_errno(set_option(fd, 9999, 1, 1), ENOPROTOOPT);
	char byte = 1;
	expect_errno(call(setsockopt, fd, SOL_TCP, TCP_NODELAY, &byte, 1), EINVAL);
	expect_errno(call(setsockopt, fd, SOL_TCP, TCP_NODELAY, NULL, 4), EFAULT);
	expect_errno(call(getsockopt, fd, SOL_TCP, TCP_NODELAY, NULL, NULL), EFAULT);
	expect_errno(set_option(12345, SOL_TCP, TCP_NODELAY, 1), EBADF);
	end();
}

static void a_value_that_finds_no_room_is_cut_off(void)
{
	begin_with(NULL);
	int fd = tcp_socket();
	uint8_t ttl[4] = {0xff, 0xff, 0xff, 0xff};
	socklen_t length = 1;
	expect(call(getsockopt, fd, SOL_IP, IP_TTL, ttl, &length), 0);
	expect(length, 1);
	expect(ttl[0], 64);
	expect(ttl[1], 0xff);
	end();
}

static void sockets_know_what_they_are(void)
{
	begin_with(NULL);
	int tcp = tcp_socket(), udp = call(socket, AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	expect(option(tcp, SOL_SOCKET, SO_TYPE), SOCK_STREAM);
	expect(option(tcp, SOL_SOCKET, SO_DOMAIN), AF_INET);
	expect(option(tcp, SOL_SOCKET, SO_PROTOCOL), IPPROTO_TCP);
	expect(option(tcp, SOL_SOCKET, SO_ACCEPTCONN), 0);
	expect(option(udp, SOL_SOCKET, SO_TYPE), SOCK_DGRAM);
	expect(option(udp, SOL_SOCKET, SO_PROTOCOL), IPPROTO_UDP);
	expect(call(fcntl, udp, F_GETFL), O_RDWR | O_NONBLOCK);
	expect(call(fcntl, tcp, F_GETFL), O_RDWR);
	expect_errno(call(fcntl, tcp, 9999, 0), EINVAL);
	end();
}

static void the_name_of_the_congestion_control(void)
{
	begin_with(NULL);
	int fd = tcp_socket();
	char name[16] = "";
	socklen_t length = sizeof(name);
	expect(call(getsockopt, fd, SOL_TCP, TCP_CONGESTION, name, &length), 0);
	expect(strcmp(name, "reno"), 0);
	expect(call(setsockopt, fd, SOL_TCP, TCP_CONGESTION, "reno", 4), 0);
	expect_errno(call(setsockopt, fd, SOL_TCP, TCP_CONGESTION, "magic", 5), ENOENT);
	end();
}

static void tcp_info_tells_of_the_connection(void)
{
	begin_with(NULL);
	int fd = nonblocking(tcp_socket());
	expect(info_of(fd).tcpi_state, TCP_CLOSE);
	struct sockaddr_in remote = address(PEER_IP, PEER_PORT);
	expect_errno(call(connect, fd, (struct sockaddr *)&remote, sizeof(remote)), EINPROGRESS);
	we_send(SYN, .seq = 0);
	expect(info_of(fd).tcpi_state, TCP_SYN_SENT);
	time_passes(100000);
	peer_sends(SYN | ACK, .seq = 0, .ack = 1, .win = 50000, .mss = 1000, .wscale = 8);
	we_send(ACK, .seq = 1, .ack = 1);
	expect(write_stream(fd, 1, 3000), 3000);
	struct tcp_info info = info_of(fd);
	expect(info.tcpi_state, TCP_ESTABLISHED);
	expect(info.tcpi_options, TCPI_OPT_WSCALE);
	expect(info.tcpi_snd_wscale, 7);
	expect(info.tcpi_rcv_wscale, 7);
	expect(info.tcpi_snd_mss, 1000);
	expect(info.tcpi_unacked, 3);
	expect(info.tcpi_snd_cwnd, 10);
	expect(info.tcpi_snd_ssthresh, 0x7fffffff);
	expect(info.tcpi_rtt / 10, 100000 / 10);
	expect(info.tcpi_rttvar / 10, 50000 / 10);
	expect(info.tcpi_rto / 10, 300000 / 10);
	expect(info.tcpi_retransmits, 0);
	for (int i = 0; i < 3; i++)
		we_send(ACK, .seq = 1 + 1000 * i, .ack = 1, .length = 1000);
	we_send(ACK, .seq = 1, .ack = 1, .length = 1000);
	info = info_of(fd);
	expect(info.tcpi_retransmits, 1);
	expect(info.tcpi_total_retrans, 1);
	expect(info.tcpi_snd_cwnd, 1);
	expect(info.tcpi_snd_ssthresh, 2);
	/* A program that knows less of it gets less. */
	uint8_t state[2] = {0, 0xff};
	socklen_t length = 1;
	expect(call(getsockopt, fd, SOL_TCP, TCP_INFO, state, &length), 0);
	expect(state[0], TCP_ESTABLISHED);
	expect(state[1], 0xff);
	end();
}

static void listeners_and_their_connections_share_options(void)
{
	begin_with(NULL);
	int listener = listening_socket();
	expect(info_of(listener).tcpi_state, TCP_LISTEN);
	expect(set_option(listener, SOL_TCP, TCP_NODELAY, 1), 0);
	expect(set_option(listener, SOL_IP, IP_TTL, 7), 0);
	peer_sends(SYN, .seq = 0, .win = 1000, .mss = 1000);
	we_send(SYN | ACK, .seq = 0, .ack = 1, .ttl = 7);
	peer_sends(ACK, .seq = 1, .ack = 1, .win = 1000);
	int fd = call(accept, listener, NULL, NULL);
	expect(option(fd, SOL_TCP, TCP_NODELAY), 1);
	expect(option(fd, SOL_IP, IP_TTL), 7);
	end();
}

static void ttl_and_tos_stand_in_the_header(void)
{
	begin_with(NULL);
	int fd = accepted_socket();
	expect(set_option(fd, SOL_IP, IP_TTL, 3), 0);
	expect(set_option(fd, SOL_IP, IP_TOS, 0xb8), 0);
	expect(write_stream(fd, 1, 10), 10);
	we_send(ACK, .seq = 1, .ack = 1, .length = 10, .ttl = 3, .tos = 0xb8);
	end();
}

static void the_largest_segment_is_announced(void)
{
	begin_with(NULL);
	int fd = nonblocking(tcp_socket());
	expect(set_option(fd, SOL_TCP, TCP_MAXSEG, 500), 0);
	struct sockaddr_in remote = address(PEER_IP, PEER_PORT);
	expect_errno(call(connect, fd, (struct sockaddr *)&remote, sizeof(remote)), EINPROGRESS);
	we_send(SYN, .seq = 0, .mss = 500);
	peer_sends(SYN | ACK, .seq = 0, .ack = 1, .win = 50000, .mss = 1000);
	we_send(ACK, .seq = 1, .ack = 1);
	expect(option(fd, SOL_TCP, TCP_MAXSEG), 500);
	expect(write_stream(fd, 1, 1000), 1000);
	we_send(ACK, .seq = 1, .ack = 1, .length = 500);
	we_send(ACK, .seq = 501, .ack = 1, .length = 500);
	end();
}

static void the_receive_buffer_bounds_the_window(void)
{
	begin_with("window_scale=off");
	int listener = listening_socket();
	expect(set_option(listener, SOL_SOCKET, SO_RCVBUF, 4000), 0);
	peer_sends(SYN, .seq = 0, .win = 1000, .mss = 1000);
	we_send(SYN | ACK, .seq = 0, .ack = 1, .win = 4000, .wscale = -1);
	end();
}

static void flags_switch_what_a_syn_offers(void)
{
	begin_with("timestamps=off,window_scale=off,mtu=1280");
	int fd = nonblocking(tcp_socket());
	struct sockaddr_in remote = address(PEER_IP, PEER_PORT);
	expect_errno(call(connect, fd, (struct sockaddr *)&remote, sizeof(remote)), EINPROGRESS);
	we_send(SYN, .seq = 0, .mss = 1240, .wscale = -1, .timestamps = -1);
	end();
	begin_with("timestamps=on,window_scale=on,rcvbuf=65535");
	fd = nonblocking(tcp_socket());
	expect_errno(call(connect, fd, (struct sockaddr *)&remote, sizeof(remote)), EINPROGRESS);
	we_send(SYN, .seq = 0, .mss = 1460, .wscale = 1, .timestamps = 1, .win = 65535);
	end();
}

const struct scenario option_scenarios[] = {
	{"every option is what it was set to", every_option_is_what_it_was_set_to},
	{"values that cannot be are refused", values_that_cannot_be_are_refused},
	{"a value that finds no room is cut off", a_value_that_finds_no_room_is_cut_off},
	{"sockets know what they are", sockets_know_what_they_are},
	{"the name of the congestion control", the_name_of_the_congestion_control},
	{"TCP_INFO tells of the connection", tcp_info_tells_of_the_connection},
	{"listeners and their connections share options",
	 listeners_and_their_connections_share_options},
	{"TTL and TOS stand in the header", ttl_and_tos_stand_in_the_header},
	{"the largest segment is announced", the_largest_segment_is_announced},
	{"the receive buffer bounds the window", the_receive_buffer_bounds_the_window},
	{"flags switch what a SYN offers", flags_switch_what_a_syn_offers},
	{0},
};
