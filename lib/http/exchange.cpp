#include "http/exchange.h"

#include <curl/curl.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>

// No exception, no C++ object and no allocation of our own crosses this file's one function: it
// runs inside of any application.

namespace {

constexpr long kConnectMilliseconds = 5000;
constexpr long kMostRetrySeconds = 24 * 60 * 60;

struct CurlDeleter {
  void operator()(CURL* handle) const noexcept { curl_easy_cleanup(handle); }
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};

/// The body as it comes in.
struct Incoming {
  lic_http_reply& reply;
  std::size_t most_bytes;
  bool too_long = false;
};

std::size_t take(char* data, std::size_t size, std::size_t count, void* user) {
  auto& incoming = *static_cast<Incoming*>(user);
  const std::size_t length = size * count;
  if (length > incoming.most_bytes - incoming.reply.body_size) {
    incoming.too_long = true;
    return 0;
  }
  if (length == 0) return 0;
  void* grown = std::realloc(incoming.reply.body, incoming.reply.body_size + length);
  if (grown == nullptr) return 0;
  incoming.reply.body = grown;
  std::memcpy(static_cast<char*>(grown) + incoming.reply.body_size, data, length);
  incoming.reply.body_size += length;
  return length;
}

int fail(lic_http_reply& reply, const char* cause) {
  std::free(reply.body);
  reply.body = nullptr;
  reply.body_size = 0;
  std::snprintf(reply.fault, sizeof reply.fault, "%s", cause);
  return -1;
}

/// In words of ours where libcurl's are of libcurl.
const char* cause_of(CURLcode code, const Incoming& incoming) {
  if (incoming.too_long) return "the answer is too long";
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return "the name is not known";
    case CURLE_COULDNT_RESOLVE_PROXY:
      return "the name of the proxy is not known";
    case CURLE_COULDNT_CONNECT:
      return "no connection could be made";
    case CURLE_OPERATION_TIMEDOUT:
      return "no answer came in time";
    case CURLE_PEER_FAILED_VERIFICATION:
      return "the certificate is not trusted, or is of another host";
    case CURLE_SSL_CONNECT_ERROR:
      return "no TLS connection could be made";
    case CURLE_SSL_CACERT_BADFILE:
      return "the file of trusted certificates cannot be read";
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_PARTIAL_FILE:
      return "the connection was cut off";
    default:
      return curl_easy_strerror(code);
  }
}

bool is_json(const char* type) {
  constexpr std::string_view kJson = "application/json";
  const std::string_view text(type == nullptr ? "" : type);
  if (text.size() < kJson.size() || (text.size() > kJson.size() && text[kJson.size()] != ';')) return false;
  return curl_strnequal(text.data(), kJson.data(), kJson.size()) != 0;
}

/// Options that no setting of the environment or of the other side changes: no redirects, no
/// other protocol, certificates and names always checked.
bool set_up(CURL* curl, const lic_http_call& call, curl_slist* headers, Incoming& incoming) {
  const long patience = static_cast<long>(call.patience_ms);
  bool good = curl_easy_setopt(curl, CURLOPT_URL, call.url) == CURLE_OK;
  const auto set = [&](CURLoption option, auto value) { good &= curl_easy_setopt(curl, option, value) == CURLE_OK; };
  set(CURLOPT_PROTOCOLS, static_cast<long>(CURLPROTO_HTTPS | CURLPROTO_HTTP));
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_TIMEOUT_MS, patience);
  set(CURLOPT_CONNECTTIMEOUT_MS, patience < kConnectMilliseconds ? patience : kConnectMilliseconds);
  set(CURLOPT_USERAGENT, call.user_agent);
  set(CURLOPT_HTTPHEADER, headers);
  set(CURLOPT_WRITEFUNCTION, &take);
  set(CURLOPT_WRITEDATA, &incoming);
  if (call.ca_file != nullptr) set(CURLOPT_CAINFO, call.ca_file);
  if (call.body != nullptr) {
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(call.body_size));
    set(CURLOPT_POSTFIELDS, static_cast<const char*>(call.body));
  }
  return good;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) int lic_http_exchange_1(const lic_http_call* call,
                                                                          lic_http_reply* reply) {
  if (call == nullptr || reply == nullptr || call->struct_size < sizeof *call || reply->struct_size < sizeof *reply)
    return -1;
  reply->status = 0;
  reply->is_json = 0;
  reply->retry_after = -1;
  reply->body = nullptr;
  reply->body_size = 0;
  reply->fault[0] = '\0';
  const std::unique_ptr<CURL, CurlDeleter> curl(curl_easy_init());
  std::unique_ptr<curl_slist, CurlDeleter> headers(curl_slist_append(nullptr, "Content-Type: application/json"));
  if (!curl || !headers) return fail(*reply, "memory ran out");
  // Without it a body of more than 1 KiB waits for a word of the server first.
  if (curl_slist_append(headers.get(), "Expect:") == nullptr) return fail(*reply, "memory ran out");
  Incoming incoming{*reply, call->most_bytes};
  if (!set_up(curl.get(), *call, headers.get(), incoming)) return fail(*reply, "libcurl does not take the request");
  if (const CURLcode code = curl_easy_perform(curl.get()); code != CURLE_OK)
    return fail(*reply, cause_of(code, incoming));
  long status = 0;
  const char* type = nullptr;
  curl_off_t retry = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(curl.get(), CURLINFO_CONTENT_TYPE, &type);
  curl_easy_getinfo(curl.get(), CURLINFO_RETRY_AFTER, &retry);
  reply->status = static_cast<int>(status);
  reply->is_json = is_json(type) ? 1 : 0;
  if (retry > 0) reply->retry_after = retry < kMostRetrySeconds ? retry : kMostRetrySeconds;
  return 0;
}
