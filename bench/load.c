/* A load generator for one HTTP/1.1 server on loopback, which fails rather than flatters.
 *
 *   load -p PORT [-c CONNECTIONS] [-s SECONDS] [-n CALLS] [-r RATE] [-e EVENTS] [-m TEXT] FILE...
 *
 * Each FILE is one raw request; calls take them in turn. Without -r it is a closed loop: every
 * connection makes its next call when the last one is answered. With -r it is an open loop: calls
 * fall due at a fixed rate, whether or not earlier ones are answered, and time counts from then.
 * It ends after SECONDS or CALLS, once the calls under way are answered.
 *
 * The first reply that is not 200, that breaks off, that lacks TEXT or that has fewer than EVENTS
 * server-sent events ends it with exit code 1. Else it prints one JSON object.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS 1024
#define REPLY_LIMIT (1 << 20)
#define LATENCIES (1 << 24)
#define PATIENCE_NS 120000000000LL
#define SPREAD_NS 50000000LL /* over which the first calls of a closed loop start: out of step */

struct request {
    char *text;
    size_t length;
};

struct connection {
    int fd;
    int busy;
    int served;       /* calls since it was opened */
    struct request *request;
    int64_t began_ns; /* when its call was due */
    char *reply;
    size_t length;
    size_t body;      /* where it starts; 0: the head is not there yet */
    size_t expected;  /* length of the body; 0: it comes in chunks */
};

static struct connection connections[CONNECTIONS];
static struct request *requests;
static struct sockaddr_in address = {.sin_family = AF_INET};
static int request_count, connection_count = 64, poller;
static int64_t start_ns, stop_ns, gap_ns, next_due_ns;
static long calls_wanted = -1, calls_begun, calls_done, events_wanted, events_seen, tokens;
static const char *text_wanted = "";
static uint32_t *latencies_us;
static size_t latency_count;

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void fail(const char *what, const char *reply)
{
    fprintf(stderr, "load: %s after %ld good calls\n%.600s\n", what, calls_done, reply);
    exit(1);
}

static struct request read_request(const char *path)
{
    struct stat about;
    FILE *file = fopen(path, "rb");
    if (!file || fstat(fileno(file), &about))
        fail("no request", path);
    struct request one = {malloc((size_t)about.st_size), (size_t)about.st_size};
    if (!one.text || fread(one.text, 1, one.length, file) != one.length)
        fail("unreadable request", path);
    fclose(file);
    return one;
}

static void open_connection(struct connection *one)
{
    int yes = 1;
    one->fd = socket(AF_INET, SOCK_STREAM, 0);
    one->served = 0;
    if (connect(one->fd, (struct sockaddr *)&address, sizeof address))
        fail("cannot connect", "");
    setsockopt(one->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    struct epoll_event interest = {.events = EPOLLIN, .data.ptr = one};
    epoll_ctl(poller, EPOLL_CTL_ADD, one->fd, &interest);
}

static int more_to_begin(int64_t now)
{
    return calls_wanted >= 0 ? calls_begun < calls_wanted : now < stop_ns;
}

static void ask(struct connection *one);

/* A server may close a connection between two calls, even as the second one is on its way. */
static void replace(struct connection *one)
{
    if (!one->served || one->length)
        fail("a connection was closed", one->length ? one->reply : "");
    close(one->fd);
    open_connection(one);
    if (one->busy)
        ask(one);
}

static void ask(struct connection *one)
{
    ssize_t length = (ssize_t)one->request->length;
    if (send(one->fd, one->request->text, one->request->length, MSG_NOSIGNAL) != length)
        replace(one);
}

static void begin(struct connection *one, int64_t due_ns)
{
    one->request = &requests[calls_begun++ % request_count];
    one->busy = 1;
    one->began_ns = due_ns;
    one->length = one->body = one->expected = 0;
    ask(one);
}

static long count_of(const char *text, const char *sought)
{
    long found = 0;
    for (; (text = strstr(text, sought)); text += strlen(sought))
        found++;
    return found;
}

static void take(struct connection *one, int64_t now)
{
    const char *body = one->reply + one->body;
    long events = count_of(body, "data: {");
    const char *told = strstr(body, "\"completion_tokens\":");
    if (!strstr(body, text_wanted))
        fail("a reply lacks what it must have", one->reply);
    if (events < events_wanted)
        fail("a stream has too few events", one->reply);
    one->busy = 0;
    one->length = 0;
    one->served++;
    calls_done++;
    events_seen += events;
    tokens += told ? atol(told + strlen("\"completion_tokens\":")) : 0;
    if (latency_count < LATENCIES)
        latencies_us[latency_count++] = (uint32_t)((now - one->began_ns) / 1000);
}

static void read_head(struct connection *one)
{
    char *end = strstr(one->reply, "\r\n\r\n");
    if (!end)
        return;
    if (strncmp(one->reply, "HTTP/1.1 200", 12) != 0)
        fail("a reply is not 200", one->reply);
    char *stated = strcasestr(one->reply, "\ncontent-length:");
    one->body = (size_t)(end + 4 - one->reply);
    one->expected = stated && stated < end ? strtoul(stated + 16, NULL, 10) : 0;
}

/* Chunked replies end with the chunk of length 0: nothing in an event looks like it. */
static int complete(const struct connection *one)
{
    static const char last[] = "\r\n0\r\n\r\n";
    size_t width = sizeof last - 1;
    if (!one->body)
        return 0;
    if (one->expected)
        return one->length >= one->body + one->expected;
    return one->length >= width && !memcmp(one->reply + one->length - width, last, width);
}

static void hear(struct connection *one)
{
    ssize_t got = recv(one->fd, one->reply + one->length, REPLY_LIMIT - one->length, MSG_DONTWAIT);
    if (got <= 0) {
        replace(one);
        return;
    }
    one->length += (size_t)got;
    one->reply[one->length] = 0;
    if (!one->body)
        read_head(one);
    if (!complete(one))
        return;
    int64_t now = now_ns();
    take(one, now);
    if (!gap_ns && more_to_begin(now))
        begin(one, now);
}

/* Begin the calls that are due; return when the next one is, or 0 if none is to come. */
static int64_t begin_due(int64_t now)
{
    for (int which = 0; which < connection_count; which++) {
        struct connection *one = &connections[which];
        if (!more_to_begin(now))
            return 0;
        if (next_due_ns > now)
            break;
        if (one->busy)
            continue;
        begin(one, next_due_ns);
        next_due_ns += gap_ns ? gap_ns : SPREAD_NS / connection_count;
        if (!gap_ns && calls_begun >= connection_count)
            next_due_ns = INT64_MAX;
    }
    return next_due_ns == INT64_MAX ? 0 : next_due_ns;
}

static int ascending(const void *one, const void *other)
{
    uint32_t a = *(const uint32_t *)one, b = *(const uint32_t *)other;
    return (a > b) - (a < b);
}

static void report(int64_t end_ns)
{
    qsort(latencies_us, latency_count, sizeof *latencies_us, ascending);
    size_t last = latency_count ? latency_count - 1 : 0;
    printf("{\"calls\":%ld,\"events\":%ld,\"tokens\":%ld,\"seconds\":%.6f,"
           "\"p50_us\":%u,\"p99_us\":%u}\n",
           calls_done, events_seen, tokens, (double)(end_ns - start_ns) / 1e9,
           latencies_us[last / 2], latencies_us[last * 99 / 100]);
}

static void read_options(int count, char **words, int *port)
{
    double seconds = 1;
    for (int option; (option = getopt(count, words, "p:c:s:n:r:e:m:")) != -1;)
        switch (option) {
        case 'p': *port = atoi(optarg); break;
        case 'c': connection_count = atoi(optarg); break;
        case 's': seconds = atof(optarg); break;
        case 'n': calls_wanted = atol(optarg); break;
        case 'r': gap_ns = (int64_t)(1e9 / atof(optarg)); break;
        case 'e': events_wanted = atol(optarg); break;
        case 'm': text_wanted = optarg; break;
        default: exit(2);
        }
    request_count = count - optind;
    if (!*port || request_count < 1 || connection_count < 1 || connection_count > CONNECTIONS) {
        fprintf(stderr, "usage: load -p PORT [-c -s -n -r -e -m] FILE...\n");
        exit(2);
    }
    stop_ns = (int64_t)(seconds * 1e9);
}

int main(int count, char **words)
{
    int port = 0;
    read_options(count, words, &port);
    requests = calloc((size_t)request_count, sizeof *requests);
    latencies_us = malloc(LATENCIES * sizeof *latencies_us);
    if (!requests || !latencies_us)
        fail("no memory", "");
    for (int which = 0; which < request_count; which++)
        requests[which] = read_request(words[optind + which]);
    poller = epoll_create1(0);
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    struct epoll_event at_timer = {.events = EPOLLIN, .data.ptr = NULL};
    epoll_ctl(poller, EPOLL_CTL_ADD, timer, &at_timer);
    address.sin_port = htons((uint16_t)port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (int which = 0; which < connection_count; which++) {
        connections[which].reply = malloc(REPLY_LIMIT + 1);
        if (!connections[which].reply)
            fail("no memory", "");
        open_connection(&connections[which]);
    }
    start_ns = next_due_ns = now_ns();
    stop_ns += start_ns;
    for (;;) {
        int64_t now = now_ns();
        int64_t due = begin_due(now);
        if (!due && calls_done == calls_begun && !more_to_begin(now))
            break;
        if (due && due > now) {
            struct itimerspec alarm = {.it_value = {due / 1000000000, due % 1000000000}};
            timerfd_settime(timer, TFD_TIMER_ABSTIME, &alarm, NULL);
        }
        struct epoll_event ready[256];
        int many = epoll_wait(poller, ready, 256, 1000);
        for (int which = 0; which < many; which++) {
            uint64_t rings;
            if (ready[which].data.ptr)
                hear(ready[which].data.ptr);
            else if (read(timer, &rings, sizeof rings) < 0)
                continue;
        }
        if (now > stop_ns + PATIENCE_NS)
            fail("calls were never answered", "");
    }
    report(now_ns());
    return 0;
}
