/* Data both ways: read, write and their relatives. */

#include "play.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>

/* linux/sockios.h does not have it everywhere. */
#ifndef SIOCOUTQNSD
#define SIOCOUTQNSD 0x894b
#endif

static int amount(int fd, unsigned long request)
{
	int amount = -1;
	expect(call(ioctl, fd, request, &amount), 0);
	return amount;
}

static void data_is_read_as_it_came(void)
{
	begin_with(NULL);
	int fd = accepted_socket();
	uint8_t buffer[4096];
	expect_errno(call(recv, fd, buffer, sizeof(buffer), MSG_DONTWAIT), EAGAIN);
	peer_sends(ACK | PSH, .seq = 1, .ack = 1, .win = 50000, .length = 1000);
	peer_sends(ACK | PSH, .seq = 1001, .ack = 1, .win = 50000, .length = 500);
	expect(call(read, fd, buffer, 700), 700);
	expect_stream(buffer, 1, 700);
	expect(call(recv, fd, buffer, sizeof(buffer), 0), 800);
	expect_stream(buffer, 701, 800);
	expect(call(read, fd, buffer, 0), 0);
	we_send(ACK, .seq = 1, .ack = 1501);
	end();
}

static void data_leaves_and_is_acknowledged(void)
{
	begin_with(NULL);
	int fd = accepted_socket();
	expect(write_stream(fd, 1, 2500), 2500);
	we_send(ACK, .seq = 1, .ack = 1, .length = 1000);
	we_send(ACK, .seq = 1001, .ack = 1, .length = 1000, .after = -1);
	expect(amount(fd, SIOCOUTQ), 2500);
	/* Nagle: the rest is no full segment. */
	expect(amount(fd, SIOCOUTQNSD), 500);
	peer_sends(ACK, .seq = 1, .ack = 2001, .win = 50000);
	we_send(ACK | PSH, .seq = 2001, .ack = 1, .length = 500);
	expect(amount(fd, SIOCOUTQ), 500);
	expect(amount(fd, SIOCOUTQNSD), 0);
	peer_sends(ACK, .seq = 1, .ack = 2501, .win = 50000);
	expect(amount(fd, SIOCOUTQ), 0);
	nothing_leaves();
	end();
}

static void data_out_of_order_is_put_in_order(void)
{
	begin_with(NULL);
	int fd = accepted_socket();
	uint8_t buffer[4096];
	peer_sends(ACK, .seq = 1001, .ack = 1, .win = 50000, .length = 1000);
	we_send(ACK, .seq = 1, .ack = 1, .after = 0);
	expect(amount(fd, SIOCINQ), 0);
	peer_sends(ACK, .seq = 1, .ack = 1, .win = 50000, .length = 1000);
	we_send(ACK, .seq = 1, .ack = 2001);
	expect(amount(fd, SIOCINQ), 2000);
	expect(call(read, fd, buffer, sizeof(buffer)), 2000);
	expect_stream(buffer, 1, 2000);
	expect(amount(fd, SIOCINQ), 0);
	end();
}

static void peeking_leaves_the_data_there(void)
{
	begin_with(NULL);
	int fd = accepted_socket();
	uint8_t buffer[100];
	peer_sends(ACK | PSH, .seq = 1, .ack = 1, .win = 50000, .length = 60);
	for (int times = 0; times < 3; times++) {
		memset(buffer, 0, sizeof(buffer));
		expect(call(recv, fd, buffer, 40, MSG_PEEK), 40);
		expect_stream(buffer, 1, 40);
	}
	expect(call(recv, fd, buffer, 100, 0), 60);
	expect_stream(buffer, 1, 60);
	expect_errno(call(recv, fd, buffer, 100, MSG_PEEK | MSG_DONTWAIT), EAGAIN);
	end();
}

static void truncating_throws_away(void)
{
	begin_with(NULL);
	int fd = accepted_socket();
	uint8_t buffer[100] = {0};
	peer_sends(ACK | PSH, .seq = 1, .ack = 1, .win = 50000, .length = 60);
	expect(call(recv, fd, buffer, 50, MSG_TRUNC), 50);
	expect(buffer[0] | buffer[49], 0);
	expect(call(recv, fd, buffer, 50, 0), 10);
	expect_stream(buffer, 51, 10);
	end();
}

static void many_buffers_are_one_stream(void)
{
	begin_with(NULL);
	int fd = accepted_socket();
	uint8_t bytes[60], one[10], two[20], three[50];
	fill(bytes, 1, sizeof(bytes));
	struct iovec out[3] = {{bytes, 5}, {NULL, 0}, {bytes + 5, 55}};
	expect(call(writev, fd, out, 3), 60);
	we_send(ACK, .seq = 1, .ack = 1, .length = 60);
	peer_sends(ACK | PSH, .seq = 1, .ack = 61, .win = 50000, .length = 60);
	struct iovec in[3] = {{one, 10}, {two, 20}, {three, 50}};
	memset(three, 0xee, sizeof(three));
	expect(call(readv, fd, in, 3), 60);
	expect_stream(one, 1, 10);
	expect_stream(two, 11, 20);
	expect_stream(three, 31, 30);
	expect(three[30], 0xee);
	expect_errno(call(writev, fd, out, -1), EINVAL);
	expect_errno(call(readv, fd, NULL, 2), EFAULT);
	expect_errno(call(write, fd, NULL, 2), EFAULT);
	end();
}

static void messages_carry_the_stream_too(void)
{
	begin_with(NULL);
	int fd = accepted_socket();
	uint8_t bytes[30];
	fill(bytes, 1, sizeof(bytes));
	struct iovec vector[2] = {{bytes, 10}, {bytes + 10, 20}};
	struct msghdr message = {.msg_iov = vector, .msg_iovlen = 2};
	expect(call(sendmsg, fd, &message, 0), 30);
	we_send(ACK, .seq = 1, .ack = 1, .length = 30);
	peer_sends(ACK | PSH, .seq = 1, .ack = 31, .win = 50000, .length = 25);
	memset(bytes, 0, sizeof(bytes));
	message.msg_flags = 0x7fff;
	expect(call(recvmsg, fd, &message, 0), 25);
	expect_stream(bytes, 1, 25);
	expect(message.msg_flags, 0);
	expect(message.msg_controllen, 0);
	end();
}

static void a_full_send_buffer_takes_a_part(void)
{
	begin_with("sndbuf=3000");
	int fd = nonblocking(accepted_socket());
	expect(write_stream(fd, 1, 5000), 3000);
	expect_errno(write_stream(fd, 3001, 1), EAGAIN);
	we_send(ACK, .seq = 1, .ack = 1, .length = 1000);
	we_send(ACK, .seq = 1001, .ack = 1, .length = 1000);
	we_send(ACK, .seq = 2001, .ack = 1, .length = 1000);
	peer_sends(ACK, .seq = 1, .ack = 2001, .win = 50000);
	expect(write_stream(fd, 3001, 5000), 2000);
	end();
}

static void the_peer_s_window_is_kept(void)
{
	begin_with(NULL);
	int fd = accepted_socket();
	peer_sends(ACK, .seq = 1, .ack = 1, .win = 1500);
	expect(write_stream(fd, 1, 4000), 4000);
	we_send(ACK, .seq = 1, .ack = 1, .length = 1000);
	peer_sends(ACK, .seq = 1, .ack = 1001, .win = -1);
	peer_sends(ACK, .seq = 1, .ack = 1001, .win = 3000);
	we_send(ACK, .seq = 1001, .ack = 1, .length = 1000);
	we_send(ACK, .seq = 2001, .ack = 1, .length = 1000);
	we_send(ACK, .seq = 3001, .ack = 1, .length = 1000);
	end();
}

static void an_urgent_byte_stands_aside(void)
{
	begin_with(NULL);
	int fd = accepted_socket();
	uint8_t buffer[100];
	expect_errno(call(recv, fd, buffer, 1, MSG_OOB), EINVAL);
	peer_sends(ACK | PSH | URG, .seq = 1, .ack = 1, .win = 50000, .length = 10, .urgent = 6);
	expect(call(recv, fd, buffer, 1, MSG_OOB | MSG_PEEK), 1);
	expect(call(recv, fd, buffer, 1, MSG_OOB), 1);
	expect_stream(buffer, 6, 1);
	expect_errno(call(recv, fd, buffer, 1, MSG_OOB), EINVAL);
	/* A read ends before the mark. */
	expect(amount(fd, SIOCATMARK), 0);
	expect(call(read, fd, buffer, 100), 5);
	expect_stream(buffer, 1, 5);
	expect(amount(fd, SIOCATMARK), 1);
	expect(call(read, fd, buffer, 100), 4);
	expect_stream(buffer, 7, 4);
	end();
}

static void an_urgent_byte_can_stay_in_line(void)
{
	begin_with(NULL);
	int fd = accepted_socket();
	uint8_t buffer[100];
	expect(option(fd, SOL_SOCKET, SO_OOBINLINE), 0);
	expect(set_option(fd, SOL_SOCKET, SO_OOBINLINE, 1), 0);
	peer_sends(ACK | PSH | URG, .seq = 1, .ack = 1, .win = 50000, .length = 10, .urgent = 6);
	expect_errno(call(recv, fd, buffer, 1, MSG_OOB), EINVAL);
	expect(call(read, fd, buffer, 5), 5);
	expect(call(read, fd, buffer + 5, 95), 5);
	expect_stream(buffer, 1, 10);
	end();
}

static void we_send_urgent_data(void)
{
	begin_with(NULL);
	int fd = accepted_socket();
	uint8_t bytes[10];
	fill(bytes, 1, sizeof(bytes));
	expect(call(send, fd, bytes, 10, MSG_OOB), 10);
	we_send(ACK | PSH | URG, .seq = 1, .ack = 1, .length = 10, .urgent = 10);
	end();
}

static void a_cork_holds_back_what_fills_no_segment(void)
{
	begin_with(NULL);
	int fd = accepted_socket();
	expect(set_option(fd, SOL_TCP, TCP_CORK, 1), 0);
	expect(option(fd, SOL_TCP, TCP_CORK), 1);
	expect(write_stream(fd, 1, 400), 400);
	expect(write_stream(fd, 401, 400), 400);
	expect(amount(fd, SIOCOUTQNSD), 800);
	expect(set_option(fd, SOL_TCP, TCP_CORK, 0), 0);
	we_send(ACK | PSH, .seq = 1, .ack = 1, .length = 800);
	end();
}

static void more_is_a_cork_for_one_call(void)
{
	begin_with(NULL);
	int fd = accepted_socket();
	uint8_t bytes[600];
	fill(bytes, 1, sizeof(bytes));
	expect(call(send, fd, bytes, 300, MSG_MORE), 300);
	expect(amount(fd, SIOCOUTQNSD), 300);
	expect(call(send, fd, bytes + 300, 300, 0), 300);
	we_send(ACK | PSH, .seq = 1, .ack = 1, .length = 600);
	end();
}

static void without_nagle_every_write_leaves(void)
{
	begin_with(NULL);
	int fd = accepted_socket();
	expect(write_stream(fd, 1, 10), 10);
	expect(write_stream(fd, 11, 10), 10);
	expect(amount(fd, SIOCOUTQNSD), 10);
	we_send(ACK, .seq = 1, .ack = 1, .length = 10);
	expect(set_option(fd, SOL_TCP, TCP_NODELAY, 1), 0);
	we_send(ACK, .seq = 11, .ack = 1, .length = 10);
	expect(write_stream(fd, 21, 10), 10);
	we_send(ACK, .seq = 21, .ack = 1, .length = 10);
	end();
}

static void the_initial_window_can_be_set(void)
{
	begin_with("iw=2");
	int fd = accepted_socket();
	expect(write_stream(fd, 1, 5000), 5000);
	we_send(ACK, .seq = 1, .ack = 1, .length = 1000);
	we_send(ACK, .seq = 1001, .ack = 1, .length = 1000);
	expect(amount(fd, SIOCOUTQNSD), 3000);
	peer_sends(ACK, .seq = 1, .ack = 2001, .win = 50000);
	we_send(ACK, .seq = 2001, .ack = 1, .length = 1000);
	we_send(ACK, .seq = 3001, .ack = 1, .length = 1000);
	we_send(ACK, .seq = 4001, .ack = 1, .length = 1000);
	end();
}

static void three_duplicates_bring_a_segment_again(void)
{
	begin_with(NULL);
	int fd = accepted_socket();
	expect(write_stream(fd, 1, 5000), 5000);
	for (int i = 0; i < 5; i++)
		we_send(ACK, .seq = 1 + 1000 * i, .ack = 1, .length = 1000);
	for (int i = 0; i < 3; i++)
		peer_sends(ACK, .seq = 1, .ack = 1001 - 1000, .win = 50000);
	we_send(ACK, .seq = 1, .ack = 1, .length = 1000);
	peer_sends(ACK, .seq = 1, .ack = 5001, .win = 50000);
	nothing_leaves();
	end();
}

const struct scenario data_scenarios[] = {
	{"data is read as it came", data_is_read_as_it_came},
	{"data leaves and is acknowledged", data_leaves_and_is_acknowledged},
	{"data out of order is put in order", data_out_of_order_is_put_in_order},
	{"peeking leaves the data there", peeking_leaves_the_data_there},
	{"truncating throws away", truncating_throws_away},
	{"many buffers are one stream", many_buffers_are_one_stream},
	{"messages carry the stream too", messages_carry_the_stream_too},
	{"a full send buffer takes a part", a_full_send_buffer_takes_a_part},
	{"the peer's window is kept", the_peer_s_window_is_kept},
	{"an urgent byte stands aside", an_urgent_byte_stands_aside},
	{"an urgent byte can stay in line", an_urgent_byte_can_stay_in_line},
	{"we send urgent data", we_send_urgent_data},
	{"a cork holds back what fills no segment", a_cork_holds_back_what_fills_no_segment},
	{"more is a cork for one call", more_is_a_cork_for_one_call},
	{"without Nagle every write leaves", without_nagle_every_write_leaves},
	{"the initial window can be set", the_initial_window_can_be_set},
	{"three duplicates bring a segment again", three_duplicates_bring_a_segment_again},
	{0},
};
