#ifndef LIC_HTTP_EXCHANGE_H
#define LIC_HTTP_EXCHANGE_H

/*
 * The one call of liblic-http, which liblic finds by name. Plain C, so that the two may be of
 * different compilers.
 */

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct lic_http_call {
  size_t struct_size;
  const char* url;
  const char* ca_file;    /* NULL: the authorities of the system */
  const char* user_agent;
  const void* body;       /* NULL: GET */
  size_t body_size;
  int64_t patience_ms;    /* for all of it */
  size_t most_bytes;      /* of the reply's body */
} lic_http_call;

typedef struct lic_http_reply {
  size_t struct_size;
  int status;
  int is_json;
  int64_t retry_after;    /* seconds; -1: not told */
  void* body;             /* of malloc(), for the caller to free() */
  size_t body_size;
  char fault[256];        /* where the call gives -1: the cause, for people */
} lic_http_reply;

/* 0: there is a reply, of whatever status. -1: there is none. */
typedef int (*lic_http_exchange_function)(const lic_http_call* call, lic_http_reply* reply);
int lic_http_exchange_1(const lic_http_call* call, lic_http_reply* reply);

#ifdef __cplusplus
}
#endif

#endif
