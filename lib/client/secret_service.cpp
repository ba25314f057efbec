#include <algorithm>
#include <optional>
#include <vector>

#include "base/result.hpp"
#include "base/text.hpp"
#include "client/keyring.hpp"
#include "client/session_bus.hpp"

// The Secret Service API (specifications.freedesktop.org/secret-service-spec), the part that needs
// no person: nothing here calls Unlock, and no Prompt is shown.

namespace lic {
namespace {

constexpr std::string_view kService = "org.freedesktop.secrets";
constexpr std::string_view kServiceInterface = "org.freedesktop.Secret.Service";
constexpr std::string_view kCollection = "org.freedesktop.Secret.Collection";
constexpr std::string_view kItem = "org.freedesktop.Secret.Item";
constexpr std::string_view kPrompt = "org.freedesktop.Secret.Prompt";
constexpr const char* kRoot = "/org/freedesktop/secrets";
constexpr const char* kSchema = "lic.state-key";  // as "xdg:schema", by which keyring programs group items
constexpr std::string_view kNothing = "/";        // the path that stands for no object

Error locked() { return error(Errc::denied, "the keyring is locked", "unlock it, as logging in on the desktop does"); }
Error would_ask() {
  return error(Errc::denied, "the keyring would have to ask its user first", "unlock it in the desktop's own program");
}
Error garbled() { return error(Errc::unavailable, "the keyring's answer is not understood"); }

/// One conversation: a connection, and what was agreed on over it.
class Conversation {
 public:
  static Result<Conversation> begin() {
    LIC_TRY_ASSIGN(SessionBus bus, SessionBus::connect(std::chrono::steady_clock::now() + kKeyringPatience));
    Conversation made(std::move(bus));
    LIC_TRY(made.open_session());
    return made;
  }

  struct Items {
    std::vector<std::string> open;
    std::vector<std::string> locked;
  };

  /// Where items of that name are.
  Result<Items> search(std::string_view name) {
    LIC_TRY_ASSIGN(const BusMessage ask, message(kRoot, kServiceInterface, "SearchItems"));
    const bool good = sd().append(ask.get(), "a{ss}", 2, "xdg:schema", kSchema, "name", std::string(name).c_str()) >= 0;
    if (!good) return garbled();
    LIC_TRY_ASSIGN(const BusMessage reply, bus_.call(ask));
    Items items;
    if (!read_paths(reply, items.open) || !read_paths(reply, items.locked)) return garbled();
    return items;
  }

  /// What an item that is not locked holds.
  Result<SecretBytes> secret_of(const std::string& item) {
    LIC_TRY_ASSIGN(const BusMessage ask, message(item, kItem, "GetSecret"));
    if (sd().append(ask.get(), "o", session_.c_str()) < 0) return garbled();
    std::string fault;
    auto reply = bus_.call(ask, &fault);
    if (!reply && fault == "org.freedesktop.Secret.Error.IsLocked") return locked();
    if (!reply) return Error(reply.error());
    if (sd().sensitive != nullptr) static_cast<void>(sd().sensitive(reply->get()));
    const char* session = nullptr;
    const void* parameters = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    const bool good = sd().enter_container(reply->get(), 'r', "oayays") > 0 &&
                      sd().read(reply->get(), "o", &session) > 0 &&
                      sd().read_array(reply->get(), 'y', &parameters, &size) >= 0 &&
                      sd().read_array(reply->get(), 'y', &value, &size) >= 0;
    if (!good) return garbled();
    return SecretBytes(ByteView(static_cast<const std::uint8_t*>(value), size));
  }

  /// The collection that new items go to. Errors: denied, where it is locked or there is none yet.
  Result<std::string> open_collection() {
    LIC_TRY_ASSIGN(const BusMessage ask, message(kRoot, kServiceInterface, "ReadAlias"));
    if (sd().append(ask.get(), "s", "default") < 0) return garbled();
    LIC_TRY_ASSIGN(const BusMessage reply, bus_.call(ask));
    const char* path = nullptr;
    if (sd().read(reply.get(), "o", &path) <= 0) return garbled();
    if (path == kNothing) return locked();  // not made yet, or hidden as long as it is locked
    std::string collection = path;
    LIC_TRY_ASSIGN(const BusMessage get, message(collection, "org.freedesktop.DBus.Properties", "Get"));
    if (sd().append(get.get(), "ss", std::string(kCollection).c_str(), "Locked") < 0) return garbled();
    LIC_TRY_ASSIGN(const BusMessage value, bus_.call(get));
    int is_locked = 1;
    if (sd().read(value.get(), "v", "b", &is_locked) <= 0) return garbled();
    if (is_locked != 0) return locked();
    return collection;
  }

  Result<void> create(const std::string& collection, std::string_view name, std::string_view label,
                      const SecretBytes& secret) {
    LIC_TRY_ASSIGN(const BusMessage ask, message(collection, kCollection, "CreateItem"));
    if (sd().sensitive != nullptr) static_cast<void>(sd().sensitive(ask.get()));
    const bool good = sd().append(ask.get(), "a{sv}", 2, "org.freedesktop.Secret.Item.Label", "s",
                                  std::string(label).c_str(), "org.freedesktop.Secret.Item.Attributes", "a{ss}", 2,
                                  "xdg:schema", kSchema, "name", std::string(name).c_str()) >= 0 &&
                      sd().open_container(ask.get(), 'r', "oayays") >= 0 &&
                      sd().append(ask.get(), "o", session_.c_str()) >= 0 &&
                      sd().append_array(ask.get(), 'y', nullptr, 0) >= 0 &&
                      sd().append_array(ask.get(), 'y', secret.view().data(), secret.size()) >= 0 &&
                      sd().append(ask.get(), "s", "application/octet-stream") >= 0 &&
                      sd().close_container(ask.get()) >= 0 && sd().append(ask.get(), "b", 0) >= 0;
    if (!good) return garbled();
    LIC_TRY_ASSIGN(const BusMessage reply, bus_.call(ask));
    const char* item = nullptr;
    const char* prompt = nullptr;
    if (sd().read(reply.get(), "oo", &item, &prompt) <= 0) return garbled();
    return refuse(prompt);
  }

  Result<void> erase(const std::string& item) {
    LIC_TRY_ASSIGN(const BusMessage ask, message(item, kItem, "Delete"));
    LIC_TRY_ASSIGN(const BusMessage reply, bus_.call(ask));
    const char* prompt = nullptr;
    if (sd().read(reply.get(), "o", &prompt) <= 0) return garbled();
    return refuse(prompt);
  }

 private:
  explicit Conversation(SessionBus bus) : bus_(std::move(bus)) {}

  [[nodiscard]] const SdBus& sd() const noexcept { return bus_.library(); }

  Result<BusMessage> message(const std::string& object, std::string_view interface, std::string_view member) {
    return bus_.message(kService, object, interface, member);
  }

  /// Secrets go over the bus as they are: it is a socket between processes of this user.
  Result<void> open_session() {
    LIC_TRY_ASSIGN(const BusMessage ask, message(kRoot, kServiceInterface, "OpenSession"));
    if (sd().append(ask.get(), "sv", "plain", "s", "") < 0) return garbled();
    LIC_TRY_ASSIGN(const BusMessage reply, bus_.call(ask));
    const char* nothing = nullptr;
    const char* path = nullptr;
    if (sd().read(reply.get(), "v", "s", &nothing) <= 0 || sd().read(reply.get(), "o", &path) <= 0) return garbled();
    session_ = path;
    return {};
  }

  bool read_paths(const BusMessage& reply, std::vector<std::string>& paths) {
    if (sd().enter_container(reply.get(), 'a', "o") < 0) return false;
    const char* path = nullptr;
    int result = 0;
    while ((result = sd().read(reply.get(), "o", &path)) > 0) paths.emplace_back(path);
    return result == 0 && sd().exit_container(reply.get()) >= 0;
  }

  /// A prompt that was made ready for us is sent away unseen.
  Result<void> refuse(std::string_view prompt) {
    if (prompt == kNothing) return {};
    if (const auto dismiss = message(std::string(prompt), kPrompt, "Dismiss")) static_cast<void>(bus_.call(*dismiss));
    return would_ask();
  }

  SessionBus bus_;
  std::string session_;
};

class SecretService final : public Keyring {
 public:
  Result<SecretBytes> find(std::string_view name) override {
    LIC_TRY_ASSIGN(Conversation talk, Conversation::begin());
    LIC_TRY_ASSIGN(const Conversation::Items items, talk.search(name));
    if (!items.open.empty()) return talk.secret_of(items.open.front());
    if (!items.locked.empty()) return locked();
    LIC_TRY(talk.open_collection());  // some services hide what is locked
    return error(Errc::not_found, "the keyring has no such secret");
  }

  Result<void> add(std::string_view name, std::string_view label, const SecretBytes& secret) override {
    LIC_TRY_ASSIGN(Conversation talk, Conversation::begin());
    LIC_TRY_ASSIGN(const std::string collection, talk.open_collection());
    return talk.create(collection, name, label, secret);
  }

  Result<void> remove(std::string_view name) override {
    LIC_TRY_ASSIGN(Conversation talk, Conversation::begin());
    LIC_TRY_ASSIGN(const Conversation::Items items, talk.search(name));
    if (!items.locked.empty()) return locked();
    for (const std::string& item : items.open) LIC_TRY(talk.erase(item));
    return {};
  }
};

}  // namespace

std::shared_ptr<Keyring> session_keyring() { return std::make_shared<SecretService>(); }

}  // namespace lic
