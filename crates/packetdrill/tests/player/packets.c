/* Packets, written and read by hand: nothing of the stack's own code has a part in it. */

#include "play.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { IP_HEADER = 20, TCP_HEADER = 20, UDP_HEADER = 8 };

/* Each side's first number. Ours is learnt from our SYN; the peer's is close to the wrap. */
#define PEER_ISN 4294967000u
static uint32_t our_isn;

/* What left last, and when: for ICMP errors and for `after`. */
static struct packet last;

static uint16_t get16(const uint8_t *at) { return at[0] << 8 | at[1]; }
static uint32_t get32(const uint8_t *at) { return (uint32_t)get16(at) << 16 | get16(at + 2); }
static void put16(uint8_t *at, uint16_t value) { at[0] = value >> 8; at[1] = value; }
static void put32(uint8_t *at, uint32_t value) { put16(at, value >> 16); put16(at + 2, value); }

static uint32_t sum(const uint8_t *at, size_t length)
{
	uint32_t total = 0;
	for (size_t i = 0; i + 1 < length; i += 2)
		total += get16(at + i);
	return length % 2 ? total + (at[length - 1] << 8) : total;
}

static uint16_t fold(uint32_t total)
{
	while (total >> 16)
		total = (total & 0xffff) + (total >> 16);
	return ~total;
}

/* The checksum of what is behind the IP header: 0 where it is there and right. */
static uint16_t transport_checksum(const uint8_t *ip, size_t length)
{
	return fold(sum(ip + 12, 8) + ip[9] + (length - IP_HEADER) +
		    sum(ip + IP_HEADER, length - IP_HEADER));
}

static void inject(uint8_t *ip, int protocol, size_t length, int ttl)
{
	ip[0] = 0x45;
	put16(ip + 2, length);
	put16(ip + 6, 0x4000);
	ip[8] = ttl;
	ip[9] = protocol;
	inet_pton(AF_INET, PEER_IP, ip + 12);
	inet_pton(AF_INET, STACK_IP, ip + 16);
	put16(ip + 10, fold(sum(ip, IP_HEADER)));
	if (protocol == IPPROTO_TCP)
		put16(ip + IP_HEADER + 16, transport_checksum(ip, length));
	else if (protocol == IPPROTO_UDP)
		put16(ip + IP_HEADER + 6, transport_checksum(ip, length));
	else if (protocol == IPPROTO_ICMP)
		put16(ip + IP_HEADER + 2, fold(sum(ip + IP_HEADER, length - IP_HEADER)));
	expect(call(netdev_send, ip, length), 0);
}

void inject_ip(int protocol, const void *payload, size_t length)
{
	uint8_t packet[4096] = {0};
	memcpy(packet + IP_HEADER, payload, length);
	inject(packet, protocol, IP_HEADER + length, 64);
}

void inject_segment(const struct segment *segment)
{
	uint8_t packet[IP_HEADER + 60 + 2000] = {0};
	uint8_t *tcp = packet + IP_HEADER, *options = tcp + TCP_HEADER;
	put16(tcp, segment->from_port ? segment->from_port : PEER_PORT);
	put16(tcp + 2, segment->to_port ? segment->to_port : last.length > 24 && last.bytes[9] == 6
						? get16(last.bytes + IP_HEADER)
						: STACK_PORT);
	put32(tcp + 4, PEER_ISN + segment->seq);
	if (segment->flags & ACK)
		put32(tcp + 8, our_isn + segment->ack);
	tcp[13] = segment->flags;
	put16(tcp + 14, segment->win < 0 ? 0 : segment->win);
	put16(tcp + 18, segment->urgent);
	if (segment->mss > 0) {
		memcpy(options, (uint8_t[]){2, 4, segment->mss >> 8, segment->mss}, 4);
		options += 4;
	}
	if (segment->wscale > 0) {
		memcpy(options, (uint8_t[]){1, 3, 3, segment->wscale - 1}, 4);
		options += 4;
	}
	if (segment->timestamps > 0) {
		memcpy(options, (uint8_t[]){1, 1, 8, 10, 0, 0, 0, 9, 0, 0, 0, 0}, 12);
		options += 12;
	}
	tcp[12] = (options - tcp) / 4 << 4;
	fill(options, segment->seq, segment->length);
	inject(packet, IPPROTO_TCP, options - packet + segment->length, 64);
}

struct packet next_packet(const char *file, int line)
{
	struct packet packet = {.length = sizeof(packet.bytes)};
	long long time = 0;
	if (ifc.netdev_receive(ifc.userdata, packet.bytes, &packet.length, &time) != 0)
		fail(file, line, "netdev_receive fails");
	packet.time = time;
	if (packet.length == 0)
		return packet;
	const uint8_t *ip = packet.bytes;
	char from[32], to[32];
	inet_ntop(AF_INET, ip + 12, from, sizeof(from));
	inet_ntop(AF_INET, ip + 16, to, sizeof(to));
	if (ip[0] != 0x45 || get16(ip + 2) != packet.length)
		fail(file, line, "what left is no IP packet of %zu bytes", packet.length);
	if (get16(ip + 6) & 0x3fff)
		fail(file, line, "what left is a fragment");
	if (fold(sum(ip, IP_HEADER)) != 0)
		fail(file, line, "the IP checksum is wrong");
	if (strcmp(from, STACK_IP) != 0 || strcmp(to, PEER_IP) != 0)
		fail(file, line, "what left goes from %s to %s", from, to);
	return packet;
}

static void read_options(const uint8_t *at, const uint8_t *end, struct segment *segment)
{
	while (at < end && *at != 0) {
		if (*at == 1) {
			at++;
			continue;
		}
		if (at + 1 >= end || at[1] < 2)
			return;
		if (at[0] == 2)
			segment->mss = get16(at + 2);
		if (at[0] == 3)
			segment->wscale = at[2] + 1;
		if (at[0] == 8)
			segment->timestamps = 1;
		at += at[1];
	}
}

static const char *flag_names(int flags)
{
	static char names[2][8];
	static int which;
	char *name = names[which = !which];
	snprintf(name, sizeof(names[0]), "%s%s%s%s%s", flags & SYN ? "S" : "",
		 flags & FIN ? "F" : "", flags & RST ? "R" : "", flags & URG ? "U" : "",
		 flags & ACK ? "." : "");
	return name;
}

static void compare(const char *file, int line, const char *what, long long actual,
		    long long expected)
{
	if (expected != 0 && actual != (expected == -1 ? 0 : expected))
		fail(file, line, "%s of the segment is %lld, but should be %lld", what, actual,
		     expected == -1 ? 0 : expected);
}

long long expect_segment(const char *file, int line, const struct segment *expected)
{
	long long before = last.time;
	struct packet packet = next_packet(file, line);
	if (packet.length == 0)
		fail(file, line, "nothing leaves any more, but %s %u:%u(%d) ack %u should",
		     flag_names(expected->flags), expected->seq,
		     expected->seq + expected->length, expected->length, expected->ack);
	const uint8_t *ip = packet.bytes, *tcp = ip + IP_HEADER;
	if (ip[9] != IPPROTO_TCP)
		fail(file, line, "what left is not TCP but protocol %d", ip[9]);
	if (transport_checksum(ip, packet.length) != 0)
		fail(file, line, "the TCP checksum is wrong");
	const uint8_t *data = tcp + (tcp[12] >> 4) * 4;
	struct segment actual = {
		.flags = tcp[13] & ~PSH,
		.length = packet.bytes + packet.length - data,
		.win = get16(tcp + 14),
		.urgent = get16(tcp + 18),
		.from_port = get16(tcp),
		.to_port = get16(tcp + 2),
		.ttl = ip[8],
		.tos = ip[1],
	};
	if (actual.flags & SYN)
		our_isn = get32(tcp + 4);
	actual.seq = get32(tcp + 4) - our_isn;
	actual.ack = actual.flags & ACK ? get32(tcp + 8) - PEER_ISN : 0;
	/* The number of a reset for what belongs to no connection is the peer's to say. */
	if (expected->flags == RST && last.length == 0)
		actual.seq = get32(tcp + 4);
	read_options(tcp + TCP_HEADER, data, &actual);
	if (actual.flags != (expected->flags & ~PSH) || actual.seq != expected->seq ||
	    actual.length != expected->length || actual.ack != expected->ack)
		fail(file, line, "%s %u:%u(%d) ack %u leaves, but %s %u:%u(%d) ack %u should",
		     flag_names(actual.flags), actual.seq, actual.seq + actual.length,
		     actual.length, actual.ack, flag_names(expected->flags), expected->seq,
		     expected->seq + expected->length, expected->length, expected->ack);
	expect_bytes(file, line, data, actual.seq, actual.length);
	compare(file, line, "the window", actual.win, expected->win);
	compare(file, line, "the urgent pointer", actual.urgent, expected->urgent);
	compare(file, line, "the MSS", actual.mss, expected->mss);
	compare(file, line, "the window scale (and 1)", actual.wscale, expected->wscale);
	compare(file, line, "the timestamps option", actual.timestamps, expected->timestamps);
	compare(file, line, "the source port", actual.from_port, expected->from_port);
	compare(file, line, "the destination port", actual.to_port, expected->to_port);
	compare(file, line, "the TTL", actual.ttl, expected->ttl);
	compare(file, line, "the TOS", actual.tos, expected->tos);
	last = packet;
	if (expected->after != 0)
		compare(file, line, "the time (us after the last)", packet.time - before,
			expected->after);
	return packet.time;
}

void expect_silence(const char *file, int line)
{
	struct packet packet = next_packet(file, line);
	if (packet.length != 0)
		fail(file, line, "a packet of %zu bytes leaves, but nothing should",
		     packet.length);
}

void inject_icmp_error(int type, int code)
{
	uint8_t message[8 + 28] = {type, code};
	memcpy(message + 8, last.bytes, 28);
	inject_ip(IPPROTO_ICMP, message, sizeof(message));
}

void inject_udp(int from_port, int to_port, const char *text)
{
	uint8_t datagram[UDP_HEADER + 2000] = {0};
	size_t length = UDP_HEADER + strlen(text);
	put16(datagram, from_port);
	put16(datagram + 2, to_port);
	put16(datagram + 4, length);
	memcpy(datagram + UDP_HEADER, text, strlen(text));
	inject_ip(IPPROTO_UDP, datagram, length);
}

void expect_udp(const char *file, int line, int from_port, int to_port, const char *text)
{
	struct packet packet = next_packet(file, line);
	const uint8_t *ip = packet.bytes, *udp = ip + IP_HEADER;
	size_t length = strlen(text);
	if (packet.length != IP_HEADER + UDP_HEADER + length || ip[9] != IPPROTO_UDP)
		fail(file, line, "a packet of %zu bytes leaves, but a datagram with '%s' should",
		     packet.length, text);
	if (transport_checksum(ip, packet.length) != 0)
		fail(file, line, "the UDP checksum is wrong");
	if (memcmp(udp + UDP_HEADER, text, length) != 0)
		fail(file, line, "the datagram has other data than '%s'", text);
	if (from_port)
		compare(file, line, "the source port", get16(udp), from_port);
	compare(file, line, "the destination port", get16(udp + 2), to_port);
	last = packet;
}
