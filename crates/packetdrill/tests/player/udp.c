/* UDP: datagrams, and what the network says became of them. */

#include "play.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/errqueue.h>
#include <string.h>
#include <sys/ioctl.h>

static int bound_socket(void)
{
	int fd = nonblocking(call(socket, AF_INET, SOCK_DGRAM, IPPROTO_UDP));
	struct sockaddr_in local = address("0.0.0.0", STACK_PORT);
	expect(call(bind, fd, (struct sockaddr *)&local, sizeof(local)), 0);
	return fd;
}

static int connect_to_peer(int fd)
{
	struct sockaddr_in remote = address(PEER_IP, PEER_PORT);
	return call(connect, fd, (struct sockaddr *)&remote, sizeof(remote));
}

static ssize_t send_to_peer(int fd, const char *text)
{
	struct sockaddr_in remote = address(PEER_IP, PEER_PORT);
	return call(sendto, fd, text, strlen(text), 0, (struct sockaddr *)&remote, sizeof(remote));
}

static void datagrams_go_both_ways(void)
{
	begin_with(NULL);
	int fd = bound_socket();
	char buffer[100];
	struct sockaddr_in from, expected = address(PEER_IP, PEER_PORT);
	socklen_t length = sizeof(from);
	expect_errno(call(recv, fd, buffer, 100, 0), EAGAIN);
	inject_udp(PEER_PORT, STACK_PORT, "hello");
	int waiting = 0;
	expect(call(ioctl, fd, FIONREAD, &waiting), 0);
	expect(waiting, 5);
	expect(call(recvfrom, fd, buffer, 100, 0, (struct sockaddr *)&from, &length), 5);
	expect(memcmp(buffer, "hello", 5), 0);
	expect(length, sizeof(from));
	expect(memcmp(&from, &expected, sizeof(from)), 0);
	expect(send_to_peer(fd, "and goodbye"), 11);
	we_send_udp(STACK_PORT, PEER_PORT, "and goodbye");
	expect_errno(call(send, fd, "to whom?", 8, 0), EDESTADDRREQ);
	nothing_leaves();
	end();
}

static void a_connected_socket_knows_its_peer_alone(void)
{
	begin_with(NULL);
	int fd = bound_socket();
	char buffer[100];
	expect(connect_to_peer(fd), 0);
	expect(call(write, fd, "hello", 5), 5);
	we_send_udp(STACK_PORT, PEER_PORT, "hello");
	inject_udp(7777, STACK_PORT, "from a stranger");
	expect_errno(call(read, fd, buffer, 100), EAGAIN);
	inject_udp(PEER_PORT, STACK_PORT, "from the peer");
	expect(call(read, fd, buffer, 100), 13);
	struct sockaddr nobody = {.sa_family = AF_UNSPEC};
	expect(call(connect, fd, &nobody, sizeof(nobody)), 0);
	expect_errno(call(write, fd, "hello", 5), EDESTADDRREQ);
	end();
}

static void what_finds_no_room_is_cut_off(void)
{
	begin_with(NULL);
	int fd = bound_socket();
	char buffer[4];
	inject_udp(PEER_PORT, STACK_PORT, "long text");
	expect(call(recv, fd, buffer, 4, MSG_PEEK), 4);
	expect(call(recv, fd, buffer, 4, MSG_PEEK | MSG_TRUNC), 9);
	struct iovec vector = {buffer, 4};
	struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
	expect(call(recvmsg, fd, &message, 0), 4);
	expect(message.msg_flags, MSG_TRUNC);
	expect(memcmp(buffer, "long", 4), 0);
	expect_errno(call(recv, fd, buffer, 4, 0), EAGAIN);
	end();
}

static void ttl_and_tos_are_told_and_set(void)
{
	begin_with(NULL);
	int fd = bound_socket();
	expect(set_option(fd, SOL_IP, IP_RECVTTL, 1), 0);
	expect(set_option(fd, SOL_IP, IP_RECVTOS, 1), 0);
	inject_udp(PEER_PORT, STACK_PORT, "text");
	char buffer[100], control[100];
	struct sockaddr_in from;
	struct iovec vector = {buffer, 100};
	struct msghdr message = {.msg_name = &from,
				 .msg_namelen = sizeof(from),
				 .msg_iov = &vector,
				 .msg_iovlen = 1,
				 .msg_control = control,
				 .msg_controllen = sizeof(control)};
	expect(call(recvmsg, fd, &message, 0), 4);
	expect(message.msg_namelen, sizeof(from));
	struct cmsghdr *first = CMSG_FIRSTHDR(&message), *second = CMSG_NXTHDR(&message, first);
	expect(first->cmsg_level == SOL_IP && first->cmsg_type == IP_TTL, true);
	expect(*(int *)CMSG_DATA(first), 64);
	expect(second->cmsg_level == SOL_IP && second->cmsg_type == IP_TOS, true);
	expect(second->cmsg_len, CMSG_LEN(1));
	expect(CMSG_NXTHDR(&message, second) == NULL, true);
	/* Where there is room for one alone, that is said. */
	inject_udp(PEER_PORT, STACK_PORT, "text");
	message.msg_controllen = CMSG_SPACE(4);
	expect(call(recvmsg, fd, &message, 0), 4);
	expect(message.msg_flags, MSG_CTRUNC);
	expect(message.msg_controllen, CMSG_SPACE(4));

	expect(set_option(fd, SOL_IP, IP_TTL, 5), 0);
	expect(set_option(fd, SOL_IP, IP_TOS, 0x20), 0);
	expect(send_to_peer(fd, "x"), 1);
	struct packet packet = next_packet(__FILE__, __LINE__);
	expect(packet.bytes[8], 5);
	expect(packet.bytes[1], 0x20);
	end();
}

static void port_unreachable_is_told_to_a_connected_socket(void)
{
	begin_with(NULL);
	int fd = bound_socket();
	struct pollfd polled = {.fd = fd, .events = POLLIN};
	char buffer[100];
	expect(connect_to_peer(fd), 0);
	expect(call(write, fd, "hello", 5), 5);
	we_send_udp(STACK_PORT, PEER_PORT, "hello");
	inject_icmp_error(3, 3);
	expect(call(poll, &polled, 1, 0), 1);
	expect(polled.revents, POLLERR);
	expect_errno(call(read, fd, buffer, 100), ECONNREFUSED);
	expect_errno(call(read, fd, buffer, 100), EAGAIN);
	/* What may pass is not told. */
	inject_icmp_error(3, 1);
	expect(option(fd, SOL_SOCKET, SO_ERROR), 0);
	inject_icmp_error(3, 3);
	expect(option(fd, SOL_SOCKET, SO_ERROR), ECONNREFUSED);
	expect(option(fd, SOL_SOCKET, SO_ERROR), 0);
	expect_errno(call(recv, fd, buffer, 100, MSG_ERRQUEUE), EAGAIN);
	end();
}

static void the_error_queue_tells_all(void)
{
	begin_with(NULL);
	int fd = bound_socket();
	expect(set_option(fd, SOL_IP, IP_RECVERR, 1), 0);
	expect(option(fd, SOL_IP, IP_RECVERR), 1);
	expect(send_to_peer(fd, "hello"), 5);
	we_send_udp(STACK_PORT, PEER_PORT, "hello");
	inject_icmp_error(11, 0);
	inject_icmp_error(3, 3);
	expect_errno(send_to_peer(fd, "again"), ECONNREFUSED);

	char buffer[100], control[200];
	struct sockaddr_in whom, expected = address(PEER_IP, PEER_PORT);
	struct iovec vector = {buffer, 100};
	static const struct {
		int type, code, error;
	} errors[] = {{11, 0, EHOSTUNREACH}, {3, 3, ECONNREFUSED}};
	for (int i = 0; i < 2; i++) {
		struct msghdr message = {.msg_name = &whom,
					 .msg_namelen = sizeof(whom),
					 .msg_iov = &vector,
					 .msg_iovlen = 1,
					 .msg_control = control,
					 .msg_controllen = sizeof(control)};
		expect(call(recvmsg, fd, &message, MSG_ERRQUEUE), 0);
		expect(message.msg_flags, MSG_ERRQUEUE);
		expect(memcmp(&whom, &expected, sizeof(whom)), 0);
		struct cmsghdr *told = CMSG_FIRSTHDR(&message);
		expect(told->cmsg_level == SOL_IP && told->cmsg_type == IP_RECVERR, true);
		struct sock_extended_err *error = (struct sock_extended_err *)CMSG_DATA(told);
		expect(told->cmsg_len, CMSG_LEN(sizeof(*error) + sizeof(struct sockaddr_in)));
		expect(error->ee_errno, errors[i].error);
		expect(error->ee_origin, SO_EE_ORIGIN_ICMP);
		expect(error->ee_type, errors[i].type);
		expect(error->ee_code, errors[i].code);
		struct sockaddr_in *offender = (struct sockaddr_in *)SO_EE_OFFENDER(error);
		expect(offender->sin_family, AF_INET);
		expect(offender->sin_addr.s_addr, expected.sin_addr.s_addr);
	}
	expect_errno(call(recv, fd, buffer, 100, MSG_ERRQUEUE), EAGAIN);
	expect(send_to_peer(fd, "again"), 5);
	end();
}

static int waiting_socket;
static char waiting_buffer[100];

static long do_receive(void)
{
	return call(recv, waiting_socket, waiting_buffer, 100, 0);
}

static void receiving_waits_for_a_datagram(void)
{
	begin_with(NULL);
	struct waiting waiting;
	waiting_socket = bound_socket();
	expect(call(fcntl, waiting_socket, F_SETFL, 0), 0);
	begin_waiting(&waiting, do_receive);
	time_passes(5000);
	it_waits(&waiting);
	long long came = now();
	inject_udp(PEER_PORT, STACK_PORT, "hello");
	time_passes(5000);
	it_returns(&waiting, 5, came);
	end();
}

static void ports_and_sizes_have_their_limits(void)
{
	begin_with(NULL);
	static char big[70000];
	int fd = bound_socket(), other = call(socket, AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in local = address(STACK_IP, STACK_PORT);
	struct sockaddr_in remote = address(PEER_IP, PEER_PORT);
	struct sockaddr_in everybody = address("255.255.255.255", PEER_PORT);
	expect_errno(call(bind, other, (struct sockaddr *)&local, sizeof(local)), EADDRINUSE);
	expect_errno(call(sendto, fd, big, sizeof(big), 0, (struct sockaddr *)&remote,
			  sizeof(remote)),
		     EMSGSIZE);
	expect(set_option(fd, SOL_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO), 0);
	expect_errno(call(sendto, fd, big, 1473, 0, (struct sockaddr *)&remote, sizeof(remote)),
		     EMSGSIZE);
	expect(call(sendto, fd, big, 1472, 0, (struct sockaddr *)&remote, sizeof(remote)), 1472);
	expect(next_packet(__FILE__, __LINE__).length, 1500);
	expect_errno(call(sendto, fd, big, 1, 0, (struct sockaddr *)&everybody,
			  sizeof(everybody)),
		     EACCES);
	expect_errno(call(listen, fd, 1), EOPNOTSUPP);
	expect_errno(call(accept, fd, NULL, NULL), EOPNOTSUPP);
	expect_errno(call(send, fd, big, 1, MSG_OOB), EOPNOTSUPP);
	expect_errno(call(shutdown, fd, SHUT_WR), ENOTCONN);
	expect(connect_to_peer(fd), 0);
	expect(call(shutdown, fd, SHUT_WR), 0);
	expect_errno(call(send, fd, big, 1, 0), EPIPE);
	end();
}

static void a_port_that_nobody_has_is_unreachable(void)
{
	begin_with(NULL);
	inject_udp(PEER_PORT, 9999, "anybody?");
	struct packet packet = next_packet(__FILE__, __LINE__);
	expect(packet.bytes[9], IPPROTO_ICMP);
	expect(packet.bytes[20] << 8 | packet.bytes[21], 3 << 8 | 3);
	end();
}

const struct scenario udp_scenarios[] = {
	{"datagrams go both ways", datagrams_go_both_ways},
	{"a connected socket knows its peer alone", a_connected_socket_knows_its_peer_alone},
	{"what finds no room is cut off", what_finds_no_room_is_cut_off},
	{"TTL and TOS are told and set", ttl_and_tos_are_told_and_set},
	{"port unreachable is told to a connected socket",
	 port_unreachable_is_told_to_a_connected_socket},
	{"the error queue tells all", the_error_queue_tells_all},
	{"receiving waits for a datagram", receiving_waits_for_a_datagram},
	{"ports and sizes have their limits", ports_and_sizes_have_their_limits},
	{"a port that nobody has is unreachable", a_port_that_nobody_has_is_unreachable},
	{0},
};
