#include "http/transport.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <memory>
#include <string_view>

#include "base/free_with.hpp"
#include "base/result.hpp"
#include "curl/rules.hpp"

namespace lic::http {
namespace {

constexpr long kConnectMilliseconds = 5000;
constexpr curl_off_t kMostRetrySeconds = 24 * 60 * 60;

/// The body as it comes in.
struct Incoming {
  std::string body;
  std::size_t most_bytes = 0;
  bool too_long = false;
  bool no_memory = false;
};

std::size_t take(char* data, std::size_t size, std::size_t count, void* user) noexcept {
  auto& incoming = *static_cast<Incoming*>(user);
  const std::size_t length = size * count;
  incoming.too_long = length > incoming.most_bytes - incoming.body.size();
  if (incoming.too_long) return 0;
  try {
    incoming.body.append(data, length);
  } catch (const std::exception&) {  // libcurl is C
    incoming.no_memory = true;
    return 0;
  }
  return length;
}

/// In words of ours where libcurl's are of libcurl.
const char* cause_of(CURLcode code, const Incoming& incoming) {
  if (incoming.too_long) return "the answer is too long";
  if (incoming.no_memory) return "memory ran out";
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
      return "its certificate is not trusted, or is of another host";
    case CURLE_SSL_CONNECT_ERROR:
      return "no TLS connection could be made";
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_PARTIAL_FILE:
      return "the connection was cut off";
    default:
      return curl_easy_strerror(code);
  }
}

bool is_json_type(const char* type) {
  constexpr std::string_view kJson = "application/json";
  const std::string_view text(type == nullptr ? "" : type);
  if (text.size() < kJson.size() || (text.size() > kJson.size() && text[kJson.size()] != ';')) return false;
  return curl_strnequal(text.data(), kJson.data(), kJson.size()) != 0;
}

bool set_up(CURL* curl, const Call& call, curl_slist* headers, Incoming& incoming) {
  const long patience = static_cast<long>(call.patience.count());
  bool good = true;
  const auto set = [&](CURLoption option, auto value) { good &= curl_easy_setopt(curl, option, value) == CURLE_OK; };
  set(CURLOPT_URL, call.url.c_str());
  curl::hold_to_rules(set, call.ca_file);
  set(CURLOPT_TIMEOUT_MS, patience);
  set(CURLOPT_CONNECTTIMEOUT_MS, std::min(patience, kConnectMilliseconds));
  set(CURLOPT_USERAGENT, "lic");
  set(CURLOPT_HTTPHEADER, headers);
  set(CURLOPT_WRITEFUNCTION, &take);
  set(CURLOPT_WRITEDATA, &incoming);
  if (!call.body.empty()) {
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(call.body.size()));
    set(CURLOPT_POSTFIELDS, call.body.c_str());
  }
  return good;
}

}  // namespace

Result<Reply> exchange(const Call& call) {
  // Safe from several threads at once since libcurl 7.84; before that, as here, once.
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  const std::unique_ptr<CURL, FreeWith<curl_easy_cleanup>> curl(started == CURLE_OK ? curl_easy_init() : nullptr);
  std::unique_ptr<curl_slist, FreeWith<curl_slist_free_all>> headers(
      curl_slist_append(nullptr, "Content-Type: application/json"));
  // Without the second, a body of more than 1 KiB waits for a word of the server first.
  if (!curl || !headers || curl_slist_append(headers.get(), "Expect:") == nullptr)
    return error(Errc::failure, "libcurl does not start");
  Incoming incoming;
  incoming.most_bytes = call.most_bytes;
  if (!set_up(curl.get(), call, headers.get(), incoming))
    return error(Errc::failure, "libcurl does not take the request");
  const CURLcode code = curl_easy_perform(curl.get());
  if (code == CURLE_SSL_CACERT_BADFILE)
    return error(Errc::usage, "the file of trusted certificates cannot be read", "name a PEM file of authorities");
  if (code != CURLE_OK) return error(Errc::unavailable, cause_of(code, incoming));
  long status = 0;
  const char* type = nullptr;
  curl_off_t retry = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(curl.get(), CURLINFO_CONTENT_TYPE, &type);
  curl_easy_getinfo(curl.get(), CURLINFO_RETRY_AFTER, &retry);
  Reply reply{static_cast<int>(status), is_json_type(type), std::move(incoming.body), std::nullopt};
  if (retry > 0) reply.retry_after = std::chrono::seconds{std::min(retry, kMostRetrySeconds)};
  return reply;
}

}  // namespace lic::http
