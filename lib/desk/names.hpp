#pragma once

/// Names that the vendor gives to tokens and webhooks, by which, or by their ids, they are found.

#include <string_view>
#include <vector>

#include "lic/result.hpp"

namespace lic {

/// `noun`: "token". Errors: invalid_input (empty, longer than 100 bytes, no UTF-8, or like an id).
[[nodiscard]] Result<void> check_name(std::string_view noun, std::string_view name);

/// The record with that id, or of those with that name the one that has not ended, else the newest; null: there is
/// none. `ended_at`: the member that tells when a record ended.
template <class Record, class EndedAt>
const Record* find_named(const std::vector<Record>& all, std::string_view name_or_id, EndedAt ended_at) {
  const Record* found = nullptr;
  for (const Record& record : all) {
    if (record.id == name_or_id) return &record;
    if (record.name == name_or_id && (found == nullptr || (*found).*ended_at)) found = &record;
  }
  return found;
}

}  // namespace lic
