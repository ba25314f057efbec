#include "webhook/sender.hpp"

#include <algorithm>
#include <map>

#include "base/result.hpp"
#include "base/text.hpp"
#include "curl/library.hpp"
#include "curl/rules.hpp"

namespace lic::webhook {
namespace {

using std::chrono::steady_clock;

constexpr long kConnectMilliseconds = 5000;
constexpr std::size_t kMostAnswer = 64UL * 1024;  // nobody reads it
constexpr curl_off_t kMostRetrySeconds = 24 * 60 * 60;

/// One post on its way.
struct Running {
  std::int64_t number = 0;
  Post post;
  CURL* handle = nullptr;
  curl_slist* headers = nullptr;
  std::size_t received = 0;
};

std::size_t drop(char* /*data*/, std::size_t size, std::size_t count, void* user) noexcept {
  auto& running = *static_cast<Running*>(user);
  running.received += size * count;
  return running.received <= kMostAnswer ? size * count : 0;
}

class CurlSender final : public Sender {
 public:
  CurlSender(const curl::Library& library, CURLM* multi, SenderOptions options)
      : library_(library), multi_(multi), options_(std::move(options)) {}
  CurlSender(const CurlSender&) = delete;
  CurlSender& operator=(const CurlSender&) = delete;
  ~CurlSender() override {
    for (auto& [handle, running] : running_) release(*running);
    library_.multi_cleanup(multi_);
  }

  void start(std::int64_t number, Post post) override {
    auto running = std::make_unique<Running>(Running{number, std::move(post)});
    running->handle = library_.easy_init();
    if (running->handle == nullptr || !set_up(*running) ||
        library_.multi_add_handle(multi_, running->handle) != CURLM_OK) {
      library_.easy_cleanup(running->handle);
      library_.slist_free_all(running->headers);
      ended_.push_back({number, {0, "libcurl does not take the request"}});
      return;
    }
    running_.emplace(running->handle, std::move(running));
  }

  std::vector<std::pair<std::int64_t, Answer>> wait(std::chrono::milliseconds patience) override {
    const auto end = steady_clock::now() + patience;
    while (true) {
      int count = 0;
      library_.multi_perform(multi_, &count);
      collect();
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - steady_clock::now());
      if (!ended_.empty() || running_.empty() || left.count() <= 0) return std::exchange(ended_, {});
      library_.multi_poll(multi_, nullptr, 0, static_cast<int>(left.count()), nullptr);
    }
  }

 private:
  bool set_up(Running& running) {
    bool good = true;
    const auto set = [&](CURLoption option, auto value) {
      good = good && library_.easy_setopt(running.handle, option, value) == CURLE_OK;
    };
    const auto add = [&](const char* header) {
      curl_slist* longer = good ? library_.slist_append(running.headers, header) : nullptr;
      good = longer != nullptr;
      if (good) running.headers = longer;
    };
    add("Content-Type: application/json");
    add("Expect:");  // no waiting for a word of the receiver before a long body
    for (const std::string& header : running.post.headers) add(header.c_str());
    set(CURLOPT_URL, running.post.url.c_str());
    curl::hold_to_rules(set, options_.ca_file);
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(std::chrono::milliseconds(options_.patience).count()));
    set(CURLOPT_CONNECTTIMEOUT_MS, kConnectMilliseconds);
    set(CURLOPT_USERAGENT, "licgen");
    set(CURLOPT_HTTPHEADER, running.headers);
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(running.post.body.size()));
    set(CURLOPT_POSTFIELDS, running.post.body.c_str());
    set(CURLOPT_WRITEFUNCTION, &drop);
    set(CURLOPT_WRITEDATA, &running);
    return good;
  }

  void collect() {
    int left = 0;
    while (const CURLMsg* message = library_.multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const auto found = running_.find(message->easy_handle);
      if (found == running_.end()) continue;
      ended_.emplace_back(found->second->number, answer_of(*found->second, message->data.result));
      release(*found->second);
      running_.erase(found);
    }
  }

  [[nodiscard]] Answer answer_of(const Running& running, CURLcode code) const {
    long status = 0;
    curl_off_t retry = 0;
    library_.easy_getinfo(running.handle, CURLINFO_RESPONSE_CODE, &status);
    // Once it has said a status, how what follows ends does not matter: 1xx is none.
    if (code != CURLE_OK && status < 200) return {0, cause_of(code)};
    library_.easy_getinfo(running.handle, CURLINFO_RETRY_AFTER, &retry);
    Answer answer{status, {}};
    if (retry > 0) answer.retry_after = std::chrono::seconds{std::min(retry, kMostRetrySeconds)};
    return answer;
  }

  [[nodiscard]] std::string cause_of(CURLcode code) const {
    switch (code) {
      case CURLE_COULDNT_RESOLVE_HOST:
        return "the name of its host is not known";
      case CURLE_COULDNT_CONNECT:
        return "no connection could be made";
      case CURLE_OPERATION_TIMEDOUT:
        return concat("no answer came within ", options_.patience.count(), " seconds");
      case CURLE_PEER_FAILED_VERIFICATION:
        return "its certificate is not trusted, or is of another host";
      case CURLE_SSL_CACERT_BADFILE:
        return "the file of trusted certificates cannot be read";
      case CURLE_GOT_NOTHING:
      case CURLE_RECV_ERROR:
        return "the connection was cut off";
      case CURLE_UNSUPPORTED_PROTOCOL:
      case CURLE_WEIRD_SERVER_REPLY:
        return "what it answered is no HTTP";
      default:
        return library_.easy_strerror(code);
    }
  }

  void release(const Running& running) {
    library_.multi_remove_handle(multi_, running.handle);
    library_.easy_cleanup(running.handle);
    library_.slist_free_all(running.headers);
  }

  const curl::Library& library_;
  CURLM* multi_;
  SenderOptions options_;
  std::map<CURL*, std::unique_ptr<Running>> running_;
  std::vector<std::pair<std::int64_t, Answer>> ended_;
};

}  // namespace

Result<std::unique_ptr<Sender>> make_sender(SenderOptions options) {
  const auto library = curl::load();
  if (!library)
    return error(Errc::failure, "libcurl, which webhooks are told by, cannot be loaded", library.error().hint);
  CURLM* multi = (*library)->multi_init();
  if (multi == nullptr) return error(Errc::failure, "libcurl does not start");
  return std::unique_ptr<Sender>(std::make_unique<CurlSender>(**library, multi, std::move(options)));
}

}  // namespace lic::webhook
