#pragma once

/// A keyring in memory, which can be locked, wiped and taken away.

#include <map>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "client/keyring.hpp"

namespace lic::test {

class FakeKeyring final : public Keyring {
 public:
  Result<SecretBytes> find(std::string_view name) override {
    if (auto answers = ask(); !answers) return Error(answers.error());
    const auto found = secrets.find(std::string(name));
    if (found == secrets.end()) return error(Errc::not_found, "the keyring has no such secret");
    return SecretBytes(ByteView(found->second));
  }
  Result<void> add(std::string_view name, std::string_view label, const SecretBytes& secret) override {
    if (auto answers = ask(); !answers) return answers;
    labels.emplace_back(label);
    if (!loses) secrets[std::string(name)] = Bytes(secret.view().begin(), secret.view().end());
    return {};
  }
  Result<void> remove(std::string_view name) override {
    if (auto answers = ask(); !answers) return answers;
    secrets.erase(std::string(name));
    return {};
  }

  std::map<std::string, Bytes> secrets;
  std::vector<std::string> labels;
  bool locked = false;
  bool gone = false;
  bool loses = false;  ///< says that it keeps a secret, and does not
  int asked = 0;       ///< how often

 private:
  Result<void> ask() {
    ++asked;
    if (gone) return error(Errc::unavailable, "no keyring is running in this session", "log in on the desktop");
    if (locked) return error(Errc::denied, "the keyring is locked", "unlock it");
    return {};
  }
};

}  // namespace lic::test
