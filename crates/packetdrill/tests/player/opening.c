/* Opening a connection: socket, bind, listen, accept, connect. */

#include "play.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

static int connect_to_peer(int fd)
{
	struct sockaddr_in remote = address(PEER_IP, PEER_PORT);
	return call(connect, fd, (struct sockaddr *)&remote, sizeof(remote));
}

static int tcp_socket(void)
{
	int fd = call(socket, AF_INET, SOCK_STREAM, IPPROTO_TCP);
	expect(fd >= 0, true);
	return fd;
}

static int bind_to(int fd, const char *ip, int port)
{
	struct sockaddr_in local = address(ip, port);
	return call(bind, fd, (struct sockaddr *)&local, sizeof(local));
}

static void a_peer_connects_and_is_accepted(void)
{
	begin_with(NULL);
	int listener = listening_socket();
	nonblocking(listener);
	expect_errno(call(accept, listener, NULL, NULL), EAGAIN);
	peer_sends(SYN, .seq = 0, .win = 32792, .mss = 1460, .wscale = 8, .timestamps = 1);
	we_send(SYN | ACK, .seq = 0, .ack = 1, .mss = 1460, .wscale = 8, .timestamps = 1);
	expect_errno(call(accept, listener, NULL, NULL), EAGAIN);
	peer_sends(ACK, .seq = 1, .ack = 1, .win = 257, .timestamps = 1);

	struct sockaddr_in peer, expected = address(PEER_IP, PEER_PORT);
	memset(&peer, 0xff, sizeof(peer));
	socklen_t length = sizeof(peer);
	int fd = call(accept, listener, (struct sockaddr *)&peer, &length);
	expect(fd >= 0 && fd != listener, true);
	expect(length, sizeof(peer));
	expect(memcmp(&peer, &expected, sizeof(peer)), 0);
	/* The one that was accepted waits in its calls, whatever the listener does. */
	expect(call(fcntl, fd, F_GETFL), O_RDWR);
	end();
}

static void an_address_that_finds_no_room_is_cut_off(void)
{
	begin_with(NULL);
	int listener = listening_socket();
	peer_sends(SYN, .seq = 0, .win = 32792, .mss = 1460);
	we_send(SYN | ACK, .seq = 0, .ack = 1);
	peer_sends(ACK, .seq = 1, .ack = 1, .win = 257);
	uint8_t peer[8];
	memset(peer, 0xff, sizeof(peer));
	socklen_t length = 4;
	expect(call(accept, listener, (struct sockaddr *)peer, &length) >= 0, true);
	expect(length, sizeof(struct sockaddr_in));
	expect(peer[2] << 8 | peer[3], PEER_PORT);
	expect(peer[4], 0xff);
	end();
}

static void connect_does_not_wait_where_it_must_not(void)
{
	begin_with(NULL);
	int fd = nonblocking(tcp_socket());
	expect_errno(connect_to_peer(fd), EINPROGRESS);
	expect_errno(connect_to_peer(fd), EALREADY);
	we_send(SYN, .seq = 0, .mss = 1460, .to_port = PEER_PORT, .ttl = 64);
	expect_errno(write_stream(fd, 1, 10), EAGAIN);
	expect_errno(call(read, fd, &(char[1]){0}, 1), EAGAIN);
	peer_sends(SYN | ACK, .seq = 0, .ack = 1, .win = 32792, .mss = 1460);
	we_send(ACK, .seq = 1, .ack = 1);
	expect(option(fd, SOL_SOCKET, SO_ERROR), 0);
	expect(connect_to_peer(fd), 0);
	expect_errno(connect_to_peer(fd), EISCONN);
	end();
}

static void the_port_that_was_bound_is_connected_from(void)
{
	begin_with(NULL);
	int fd = nonblocking(tcp_socket());
	expect(bind_to(fd, "0.0.0.0", 4444), 0);
	expect_errno(bind_to(fd, "0.0.0.0", 4445), EINVAL);
	expect_errno(connect_to_peer(fd), EINPROGRESS);
	we_send(SYN, .seq = 0, .from_port = 4444);
	end();
}

static void both_sides_connect_at_once(void)
{
	begin_with(NULL);
	int fd = nonblocking(tcp_socket());
	expect_errno(connect_to_peer(fd), EINPROGRESS);
	we_send(SYN, .seq = 0);
	peer_sends(SYN, .seq = 0, .win = 32792, .mss = 1000);
	we_send(SYN | ACK, .seq = 0, .ack = 1);
	expect_errno(connect_to_peer(fd), EALREADY);
	peer_sends(SYN | ACK, .seq = 0, .ack = 1, .win = 32792, .mss = 1000);
	we_send(ACK, .seq = 1, .ack = 1);
	peer_sends(ACK, .seq = 1, .ack = 1, .win = 32792);
	expect(connect_to_peer(fd), 0);
	end();
}

static void a_reset_refuses_a_connection(void)
{
	begin_with(NULL);
	int fd = nonblocking(tcp_socket());
	expect_errno(connect_to_peer(fd), EINPROGRESS);
	we_send(SYN, .seq = 0);
	peer_sends(RST | ACK, .seq = 0, .ack = 1);
	expect(option(fd, SOL_SOCKET, SO_ERROR), ECONNREFUSED);
	expect(option(fd, SOL_SOCKET, SO_ERROR), 0);
	/* It was told already; and then the socket can be used anew. */
	expect_errno(connect_to_peer(fd), ECONNABORTED);
	expect_errno(connect_to_peer(fd), EINPROGRESS);
	we_send(SYN, .seq = 0);
	peer_sends(RST | ACK, .seq = 0, .ack = 1);
	expect_errno(connect_to_peer(fd), ECONNREFUSED);
	end();
}

static void port_unreachable_refuses_a_connection(void)
{
	begin_with(NULL);
	int fd = nonblocking(tcp_socket());
	expect_errno(connect_to_peer(fd), EINPROGRESS);
	we_send(SYN, .seq = 0);
	inject_icmp_error(3, 3);
	expect_errno(connect_to_peer(fd), ECONNREFUSED);
	end();
}

static void host_unreachable_is_told_only_where_that_is_asked_for(void)
{
	begin_with(NULL);
	int fd = nonblocking(tcp_socket());
	expect_errno(connect_to_peer(fd), EINPROGRESS);
	we_send(SYN, .seq = 0);
	inject_icmp_error(3, 1);
	expect(option(fd, SOL_SOCKET, SO_ERROR), 0);
	expect(set_option(fd, SOL_IP, IP_RECVERR, 1), 0);
	inject_icmp_error(3, 1);
	expect(option(fd, SOL_SOCKET, SO_ERROR), EHOSTUNREACH);
	expect_errno(connect_to_peer(fd), EALREADY);
	end();
}

static void a_port_that_nobody_listens_on_resets(void)
{
	begin_with(NULL);
	peer_sends(SYN, .seq = 0, .win = 1000, .to_port = 9999);
	/* In answer to a SYN the reset's number is 0. */
	struct packet reset = next_packet(__FILE__, __LINE__);
	expect(reset.bytes[20 + 13], RST | ACK);
	expect(reset.bytes[20 + 4] | reset.bytes[20 + 7], 0);
	end();
}

static void addresses_are_not_given_twice(void)
{
	begin_with(NULL);
	int first = tcp_socket(), second = tcp_socket();
	expect_errno(bind_to(first, "192.0.2.77", 80), EADDRNOTAVAIL);
	expect(bind_to(first, STACK_IP, 80), 0);
	expect_errno(bind_to(second, "0.0.0.0", 80), EADDRINUSE);
	expect(set_option(first, SOL_SOCKET, SO_REUSEADDR, 1), 0);
	expect_errno(bind_to(second, "0.0.0.0", 80), EADDRINUSE);
	expect(set_option(second, SOL_SOCKET, SO_REUSEADDR, 1), 0);
	expect(bind_to(second, "0.0.0.0", 80), 0);
	expect(call(listen, first, 5), 0);
	int third = tcp_socket();
	expect(set_option(third, SOL_SOCKET, SO_REUSEADDR, 1), 0);
	expect_errno(bind_to(third, STACK_IP, 80), EADDRINUSE);
	expect(call(close, first), 0);
	expect(bind_to(third, STACK_IP, 80), 0);
	end();
}

static void a_backlog_of_none_is_one(void)
{
	begin_with(NULL);
	int listener = tcp_socket();
	expect(bind_to(listener, "0.0.0.0", STACK_PORT), 0);
	expect(call(listen, listener, 0), 0);
	expect(option(listener, SOL_SOCKET, SO_ACCEPTCONN), 1);
	peer_sends(SYN, .seq = 0, .win = 1000, .mss = 1000);
	we_send(SYN | ACK, .seq = 0, .ack = 1);
	peer_sends(ACK, .seq = 1, .ack = 1, .win = 1000);
	expect(call(accept, listener, NULL, NULL) >= 0, true);
	end();
}

static void calls_that_make_no_sense_are_refused(void)
{
	begin_with(NULL);
	int fd = tcp_socket();
	char byte = 0;
	expect_errno(call(read, fd, &byte, 1), ENOTCONN);
	expect_errno(call(write, fd, &byte, 1), EPIPE);
	expect_errno(call(shutdown, fd, 1), ENOTCONN);
	expect_errno(call(shutdown, fd, 7), EINVAL);
	expect_errno(call(accept, fd, NULL, NULL), EINVAL);
	expect_errno(call(connect, fd, NULL, 0), EFAULT);
	expect_errno(call(listen, 12345, 1), EBADF);
	expect_errno(call(close, 12345), EBADF);
	expect_errno(call(socket, 12345, SOCK_STREAM, 0), EAFNOSUPPORT);
	expect_errno(call(socket, AF_INET, SOCK_RAW, 0), EPROTONOSUPPORT);
	struct sockaddr_in remote = address("224.0.0.1", 80);
	expect_errno(call(connect, fd, (struct sockaddr *)&remote, sizeof(remote)), EINVAL);
	expect_errno(call(connect, fd, (struct sockaddr *)&remote, 4), EINVAL);
	int listener = listening_socket();
	expect_errno(call(read, listener, &byte, 1), ENOTCONN);
	expect_errno(connect_to_peer(listener), EISCONN);
	end();
}

static void connect_to_nobody_lets_go_of_the_peer(void)
{
	begin_with(NULL);
	int fd = connected_socket();
	struct sockaddr nobody = {.sa_family = AF_UNSPEC};
	expect(call(connect, fd, &nobody, sizeof(nobody)), 0);
	we_send(RST | ACK, .seq = 1, .ack = 1);
	nonblocking(fd);
	expect_errno(connect_to_peer(fd), EINPROGRESS);
	we_send(SYN, .seq = 0);
	end();
}

static void ipv6_sockets_carry_mapped_addresses(void)
{
	begin_with(NULL);
	int fd = call(socket, AF_INET6, SOCK_STREAM, IPPROTO_TCP);
	struct sockaddr_in6 local = {.sin6_family = AF_INET6, .sin6_port = htons(STACK_PORT)};
	const uint8_t mapped[16] = {[10] = 0xff, 0xff, 192, 0, 2, 2};
	memcpy(&local.sin6_addr, mapped, sizeof(mapped));
	expect(call(bind, fd, (struct sockaddr *)&local, sizeof(local)), 0);
	expect(call(listen, fd, 1), 0);
	peer_sends(SYN, .seq = 0, .win = 1000, .mss = 1000);
	we_send(SYN | ACK, .seq = 0, .ack = 1);
	peer_sends(ACK, .seq = 1, .ack = 1, .win = 1000);
	struct sockaddr_in6 peer;
	socklen_t length = sizeof(peer);
	expect(call(accept, fd, (struct sockaddr *)&peer, &length) >= 0, true);
	expect(length, sizeof(peer));
	expect(peer.sin6_family, AF_INET6);
	expect(peer.sin6_port, htons(PEER_PORT));
	expect(peer.sin6_addr.s6_addr[10], 0xff);
	expect(peer.sin6_addr.s6_addr[15], 1);
	end();
}

const struct scenario opening_scenarios[] = {
	{"a peer connects and is accepted", a_peer_connects_and_is_accepted},
	{"an address that finds no room is cut off", an_address_that_finds_no_room_is_cut_off},
	{"connect does not wait where it must not", connect_does_not_wait_where_it_must_not},
	{"the port that was bound is connected from", the_port_that_was_bound_is_connected_from},
	{"both sides connect at once", both_sides_connect_at_once},
	{"a reset refuses a connection", a_reset_refuses_a_connection},
	{"port unreachable refuses a connection", port_unreachable_refuses_a_connection},
	{"host unreachable is told only where that is asked for",
	 host_unreachable_is_told_only_where_that_is_asked_for},
	{"a port that nobody listens on resets", a_port_that_nobody_listens_on_resets},
	{"addresses are not given twice", addresses_are_not_given_twice},
	{"a backlog of none is one", a_backlog_of_none_is_one},
	{"calls that make no sense are refused", calls_that_make_no_sense_are_refused},
	{"connect to nobody lets go of the peer", connect_to_nobody_lets_go_of_the_peer},
	{"IPv6 sockets carry mapped addresses", ipv6_sockets_carry_mapped_addresses},
	{0},
};
