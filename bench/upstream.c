/* A static OpenAI-compatible engine: it never thinks, so what a gateway adds is all that shows.
 *
 *   upstream PORT
 *
 * POST /16x0/v1/chat/completions answers a body with "stream":true by 16 content events, 0 ms apart
 * (that is: in one write), and any other body by one JSON reply. /64x10/ would be 64 events, each a
 * write of its own, 10 ms apart. GET anything is a list of models. Connections are kept alive.
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
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS 4096
#define REQUEST_LIMIT 65536
#define EVENTS_AT_ONCE_LIMIT 64

#define CHUNK_HEAD                                                                   \
    "data: {\"id\":\"chatcmpl-0123456789abcdef0123\",\"object\":\"chat.completion.chunk\"," \
    "\"created\":1760000000,\"model\":\"bench\",\"system_fingerprint\":\"fp_0123456789\","
#define USAGE "\"usage\":{\"prompt_tokens\":24,\"completion_tokens\":16,\"total_tokens\":40}"

static const char WHOLE[] =
    "{\"id\":\"chatcmpl-0123456789abcdef0123\",\"object\":\"chat.completion\","
    "\"created\":1760000000,\"model\":\"bench\",\"system_fingerprint\":\"fp_0123456789\","
    "\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":"
    "\"A lighthouse keeper counts ships the way others count sheep: slowly, by their lamps, "
    "and never twice. Tonight there were nine of them, all bound south, and one that did not "
    "answer the light at all until morning.\"},\"logprobs\":null,\"finish_reason\":\"stop\"}],"
    USAGE "}";
static const char CONTENT[] =
    CHUNK_HEAD "\"choices\":[{\"index\":0,\"delta\":{\"content\":\" lighthouse\"},"
               "\"logprobs\":null,\"finish_reason\":null}]}\n\n";
static const char FINISH[] =
    CHUNK_HEAD "\"choices\":[{\"index\":0,\"delta\":{},\"logprobs\":null,"
               "\"finish_reason\":\"stop\"}]}\n\n";
static const char REPORT[] = CHUNK_HEAD "\"choices\":[]," USAGE "}\n\n";
static const char DONE[] = "data: [DONE]\n\n";
static const char MODELS[] =
    "{\"object\":\"list\",\"data\":[{\"id\":\"bench\",\"object\":\"model\"}]}";
static const char STREAM_HEAD[] =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";

struct connection {
    char request[REQUEST_LIMIT + 1];
    size_t length;
    int events_left;  /* of the stream under way */
    int64_t gap_ns;
    int64_t due_ns;   /* of its next event; 0: no stream under way */
};

static struct connection *connections[CONNECTIONS]; /* by file descriptor */
static char whole[2048], models[512], content[512], ending[2048]; /* as they travel */
static size_t whole_length, models_length, content_length, ending_length;
static int poller, timer;

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static size_t put_chunk(char *place, const char *text)
{
    return (size_t)sprintf(place, "%zx\r\n%s\r\n", strlen(text), text);
}

static size_t put_json(char *place, const char *text)
{
    return (size_t)sprintf(place,
                           "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                           "Content-Length: %zu\r\n\r\n%s",
                           strlen(text), text);
}

static void prepare_replies(void)
{
    whole_length = put_json(whole, WHOLE);
    models_length = put_json(models, MODELS);
    content_length = put_chunk(content, CONTENT);
    ending_length = put_chunk(ending, FINISH);
    ending_length += put_chunk(ending + ending_length, REPORT);
    ending_length += put_chunk(ending + ending_length, DONE);
    ending_length += (size_t)sprintf(ending + ending_length, "0\r\n\r\n");
}

static void hang_up(int fd)
{
    close(fd);
    free(connections[fd]);
    connections[fd] = NULL;
}

/* Replies fit into the socket's buffer, so a write that blocks or fails is a caller who is gone. */
static int say(int fd, const char *text, size_t length)
{
    if (send(fd, text, length, MSG_NOSIGNAL) == (ssize_t)length)
        return 1;
    hang_up(fd);
    return 0;
}

static void stream_at_once(int fd, int events)
{
    static char reply[EVENTS_AT_ONCE_LIMIT * sizeof content + sizeof ending + sizeof STREAM_HEAD];
    size_t length = sizeof STREAM_HEAD - 1;
    memcpy(reply, STREAM_HEAD, length);
    for (int event = 0; event < events; event++, length += content_length)
        memcpy(reply + length, content, content_length);
    memcpy(reply + length, ending, ending_length);
    say(fd, reply, length + ending_length);
}

static void start_stream(int fd, int events, int gap_ms)
{
    struct connection *one = connections[fd];
    if (gap_ms == 0) {
        stream_at_once(fd, events < EVENTS_AT_ONCE_LIMIT ? events : EVENTS_AT_ONCE_LIMIT);
        return;
    }
    one->events_left = events;
    one->gap_ns = gap_ms * 1000000LL;
    one->due_ns = now_ns() + one->gap_ns;
    say(fd, STREAM_HEAD, sizeof STREAM_HEAD - 1);
}

static void answer(int fd, const char *body)
{
    struct connection *one = connections[fd];
    int events = 16, gap_ms = 0;
    one->length = 0;
    if (strncmp(one->request, "POST ", 5) != 0) {
        say(fd, models, models_length);
        return;
    }
    sscanf(one->request, "POST /%dx%d/", &events, &gap_ms);
    if (strstr(body, "\"stream\":true"))
        start_stream(fd, events, gap_ms);
    else
        say(fd, whole, whole_length);
}

static void listen_to(int fd)
{
    struct connection *one = connections[fd];
    ssize_t got = recv(fd, one->request + one->length, REQUEST_LIMIT - one->length, MSG_DONTWAIT);
    if (got <= 0) {
        hang_up(fd);
        return;
    }
    one->length += (size_t)got;
    one->request[one->length] = 0;
    char *body = strstr(one->request, "\r\n\r\n");
    if (!body)
        return;
    body += 4;
    char *stated = strcasestr(one->request, "\ncontent-length:");
    size_t expected = stated && stated < body ? strtoul(stated + 16, NULL, 10) : 0;
    if (one->length - (size_t)(body - one->request) >= expected)
        answer(fd, body);
}

static void welcome(int door)
{
    int one = 1, fd = accept(door, NULL, NULL);
    if (fd < 0)
        return;
    if (fd >= CONNECTIONS) {
        close(fd);
        return;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    connections[fd] = calloc(1, sizeof *connections[fd]);
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = fd};
    if (!connections[fd] || epoll_ctl(poller, EPOLL_CTL_ADD, fd, &interest))
        fail("connection");
}

/* Send every event that is due, and set the timer to the next one. */
static void keep_pace(void)
{
    int64_t next = 0, now = now_ns();
    for (int fd = 0; fd < CONNECTIONS; fd++) {
        struct connection *one = connections[fd];
        if (!one || !one->due_ns)
            continue;
        if (one->due_ns <= now) {
            one->due_ns = one->events_left ? one->due_ns + one->gap_ns : 0;
            int heard = one->events_left ? say(fd, content, content_length)
                                         : say(fd, ending, ending_length);
            if (!heard)
                continue;
            one->events_left--;
        }
        if (one->due_ns && (!next || one->due_ns < next))
            next = one->due_ns;
    }
    struct itimerspec alarm = {.it_value = {next / 1000000000, next % 1000000000}};
    timerfd_settime(timer, TFD_TIMER_ABSTIME, &alarm, NULL);
}

static int open_door(int port)
{
    int one = 1, door = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(door, (struct sockaddr *)&address, sizeof address) || listen(door, 1024))
        fail("listen");
    return door;
}

int main(int count, char **words)
{
    if (count != 2) {
        fprintf(stderr, "usage: upstream PORT\n");
        return 2;
    }
    prepare_replies();
    int door = open_door(atoi(words[1]));
    poller = epoll_create1(0);
    timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    struct epoll_event at_door = {.events = EPOLLIN, .data.fd = door};
    struct epoll_event at_timer = {.events = EPOLLIN, .data.fd = timer};
    epoll_ctl(poller, EPOLL_CTL_ADD, door, &at_door);
    epoll_ctl(poller, EPOLL_CTL_ADD, timer, &at_timer);
    for (;;) {
        struct epoll_event ready[256];
        int many = epoll_wait(poller, ready, 256, -1);
        uint64_t rings;
        int streams = 0;
        for (int which = 0; which < many; which++) {
            int fd = ready[which].data.fd;
            if (fd == door)
                welcome(door);
            else if (fd == timer)
                streams |= read(timer, &rings, sizeof rings) > 0;
            else if (connections[fd]) {
                listen_to(fd);
                streams |= connections[fd] && connections[fd]->due_ns;
            }
        }
        if (streams)
            keep_pace();
    }
}
