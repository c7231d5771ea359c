// The least that an answer can cost on a machine: one thread that reads a request, calls OpenVINO and writes. It checks nothing, serves one model
// that takes one FP32 tensor, and is no server; floor.py holds ours against it.
//
//   floor LIBRARY MODEL PORT METADATA SHAPE
//
// LIBRARY is libopenvino_c, MODEL an .onnx or .xml file, METADATA a file with the answer to GET, SHAPE as in 1,3,224,224, or 'none' to call no engine.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LONGEST_REQUEST = 1 << 20, LONGEST_HEAD = 1024, LONGEST_ANSWER = 16384, MOST_CONNECTIONS = 1024 };

struct connection {
  int length;
  char bytes[LONGEST_REQUEST + 1];
};

// What is used of openvino/c/openvino.h.
typedef struct opaque opaque;
static int (*ov_core_create)(opaque **);
static int (*ov_core_compile_model_from_file)(opaque *, const char *, const char *, size_t, opaque **, ...);
static int (*ov_compiled_model_create_infer_request)(opaque *, opaque **);
static int (*ov_tensor_create)(int, long, long *, opaque **);
static int (*ov_tensor_data)(opaque *, void **);
static int (*ov_tensor_get_byte_size)(opaque *, size_t *);
static int (*ov_infer_request_set_input_tensor_by_index)(opaque *, size_t, opaque *);
static int (*ov_infer_request_get_output_tensor)(opaque *, opaque **);
static int (*ov_infer_request_infer)(opaque *);

static struct {
  opaque *request;
  void *input, *output;
  size_t input_bytes, output_bytes;
} engine;

static void must(int failed, const char *what) {
  if (!failed) return;
  fprintf(stderr, "floor: %s\n", what);
  exit(1);
}

static void load(const char *library, const char *model, const char *shape_text) {
  void *handle = dlopen(library, RTLD_NOW | RTLD_GLOBAL);
  must(!handle, "no such library");
#define FIND(name) must(!(name = dlsym(handle, #name)), "the library has no " #name)
  FIND(ov_core_create);
  FIND(ov_core_compile_model_from_file);
  FIND(ov_compiled_model_create_infer_request);
  FIND(ov_tensor_create);
  FIND(ov_tensor_data);
  FIND(ov_tensor_get_byte_size);
  FIND(ov_infer_request_set_input_tensor_by_index);
  FIND(ov_infer_request_get_output_tensor);
  FIND(ov_infer_request_infer);
  opaque *core, *compiled, *input, *output;
  must(ov_core_create(&core), "no OpenVINO");
  must(ov_core_compile_model_from_file(core, model, "CPU", 2, &compiled, "PERFORMANCE_HINT", "LATENCY"), "no model");
  must(ov_compiled_model_create_infer_request(compiled, &engine.request), "no request");
  long shape[8], rank = 0;
  char *text = strdup(shape_text);
  for (char *part = strtok(text, ","); part && rank < 8; part = strtok(NULL, ",")) shape[rank++] = atol(part);
  free(text);
  const int fp32 = 4;
  must(ov_tensor_create(fp32, rank, shape, &input), "no tensor of that shape");
  must(ov_infer_request_set_input_tensor_by_index(engine.request, 0, input), "the model takes no such tensor");
  must(ov_tensor_data(input, &engine.input) | ov_tensor_get_byte_size(input, &engine.input_bytes), "no input");
  must(ov_infer_request_infer(engine.request), "the model does not run");
  must(ov_infer_request_get_output_tensor(engine.request, &output), "no output");
  must(ov_tensor_data(output, &engine.output) | ov_tensor_get_byte_size(output, &engine.output_bytes), "no output");
}

// The number in a field of the head, which ends in a zero byte; 0 without such a field.
static int field(const char *head, const char *name) {
  const char *found = strcasestr(head, name);
  return found ? atoi(found + strlen(name)) : 0;
}

static int answer_metadata(char *answer, const char *metadata, int length) {
  int head = sprintf(answer, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", length);
  memcpy(answer + head, metadata, length);
  return head + length;
}

// `tensor` is what follows the request's JSON.
static int answer_infer(char *answer, const char *tensor, size_t length) {
  if (engine.request) {
    must(length != engine.input_bytes, "a request with an input of another size");
    memcpy(engine.input, tensor, length);
    must(ov_infer_request_infer(engine.request), "the engine failed");
  }
  char json[256];
  int json_length = sprintf(json,
      "{\"model_name\":\"m\",\"model_version\":\"1\",\"outputs\":[{\"name\":\"o\",\"datatype\":\"FP32\",\"shape\":[1,%zu],"
      "\"parameters\":{\"binary_data_size\":%zu}}]}", engine.output_bytes / 4, engine.output_bytes);
  int total = sprintf(answer,
      "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: %zu\r\n"
      "Inference-Header-Content-Length: %d\r\n\r\n", json_length + engine.output_bytes, json_length);
  memcpy(answer + total, json, json_length);
  if (engine.output_bytes) memcpy(answer + total + json_length, engine.output, engine.output_bytes);
  return total + json_length + engine.output_bytes;
}

// False when the client has gone.
static int serve(int socket, struct connection *connection, const char *metadata, int metadata_length) {
  char *bytes = connection->bytes;
  ssize_t count = read(socket, bytes + connection->length, LONGEST_REQUEST - connection->length);
  if (count <= 0) return 0;
  connection->length += count;
  size_t looked_at = connection->length < LONGEST_HEAD ? connection->length : LONGEST_HEAD;
  char *end = memmem(bytes, looked_at, "\r\n\r\n", 4);
  if (!end) return 1;
  *end = 0;
  int head = end + 4 - bytes, body = field(bytes, "\nContent-Length: ");
  int json = field(bytes, "\nInference-Header-Content-Length: ");
  if (connection->length < head + body) {
    *end = '\r';
    return 1;
  }
  char answer[LONGEST_ANSWER];
  int total = *bytes == 'G' ? answer_metadata(answer, metadata, metadata_length)
                            : answer_infer(answer, bytes + head + json, body - json);
  connection->length = 0;
  return write(socket, answer, total) == total;
}

int main(int count, char **arguments) {
  must(count != 6, "expected LIBRARY MODEL PORT METADATA SHAPE");
  signal(SIGPIPE, SIG_IGN);
  if (strcmp(arguments[5], "none")) load(arguments[1], arguments[2], arguments[5]);
  static char metadata[8192];
  FILE *file = fopen(arguments[4], "r");
  must(!file, "no metadata");
  int metadata_length = fread(metadata, 1, sizeof metadata, file), yes = 1;
  int listener = socket(AF_INET, SOCK_STREAM, 0), poll = epoll_create1(0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(arguments[3])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  must(bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 128), "the port is taken");
  struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, events[64];
  epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);
  static struct connection *connections[MOST_CONNECTIONS];
  puts("ready");
  fflush(stdout);
  for (;;) {
    int ready = epoll_wait(poll, events, 64, -1);
    for (int index = 0; index < ready; index++) {
      int socket = events[index].data.fd;
      if (socket == listener) {
        int client = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
        must(client < 0 || client >= MOST_CONNECTIONS, "too many connections");
        setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        connections[client] = malloc(sizeof(struct connection));
        connections[client]->length = 0;
        event.data.fd = client;
        epoll_ctl(poll, EPOLL_CTL_ADD, client, &event);
      } else if (!serve(socket, connections[socket], metadata, metadata_length)) {
        close(socket);
        free(connections[socket]);
      }
    }
  }
}
