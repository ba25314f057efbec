#pragma once

/// Signs what the rows of a file lack, ahead and on all processors.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "issue/issuer.hpp"
#include "licgen/ahead.hpp"
#include "licgen/key_draws.hpp"
#include "licgen/row_reading.hpp"
#include "licgen/row_sink.hpp"

namespace lic::app {

/// The standing of each row, in two bits.
class RowStandings {
 public:
  void add(RowStanding standing) {
    good_.push_back(standing != RowStanding::bad);
    wanted_.push_back(standing == RowStanding::wanted);
  }
  [[nodiscard]] RowStanding operator[](std::size_t row) const {
    return !good_[row] ? RowStanding::bad : wanted_[row] ? RowStanding::wanted : RowStanding::there;
  }
  [[nodiscard]] std::size_t size() const noexcept { return good_.size(); }

 private:
  std::vector<bool> good_;
  std::vector<bool> wanted_;
};

class RowSigning {
 public:
  struct Plan {
    const RowStandings& standings;
    std::int64_t lacking = 0;           ///< licenses, of all rows
    std::int64_t largest_document = 0;  ///< of them, in bytes
    std::string key_prefix;
    Time now{};
  };

  /// All but `plan`, and the standings in it, outlive this.
  RowSigning(RowSource& source, const RowSink& sink, const SigningKey& signer, Plan plan, Workers& workers);
  RowSigning(const RowSigning&) = delete;
  RowSigning& operator=(const RowSigning&) = delete;

  /// The next row, or the part of one that is next; null at the end.
  /// Errors: those of RowReading::next().
  [[nodiscard]] Result<SignedRow*> peek();
  /// Precondition: peek() gave one.
  void pop() noexcept { ++at_; }

 private:
  /// What becomes a SignedRow.
  struct Draft {
    SignedRow row;
    std::vector<KeyDraws::Draw> draws;
    std::vector<std::string> ids;
  };
  using Block = std::vector<SignedRow>;

  Result<std::optional<std::future<Block>>> begin_block();
  Result<bool> next_row();
  Draft draft(std::int64_t most);
  void sign(Draft& draft) const;

  const RowSink& sink_;
  const SigningKey& signer_;
  Plan plan_;
  std::int64_t block_size_;
  KeyDraws draws_;
  UlidSource ids_;

  std::size_t rows_ = 0;              // seen
  std::shared_ptr<ReadRow> current_;  // the last of them
  std::int64_t lacking_ = 0;          // of it
  RowReading reading_;

  Block block_;  // given out from at_ on
  std::size_t at_ = 0;
  Workers& workers_;
  Ahead<Block> ahead_;  // goes first: its blocks use what stands above
};

}  // namespace lic::app
