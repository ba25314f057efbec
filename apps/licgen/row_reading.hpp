#pragma once

/// Reads the rows of a file ahead, on all processors, and gives them in their order.

#include <memory>
#include <optional>
#include <vector>

#include "licgen/ahead.hpp"
#include "licgen/row_sink.hpp"
#include "licgen/workers.hpp"

namespace lic::app {

class RowReading {
 public:
  /// `sink` and `workers` outlive this; `source` also the rows that it gives.
  RowReading(RowSource& source, const RowSink& sink, Look look, Workers& workers);
  RowReading(const RowReading&) = delete;
  RowReading& operator=(const RowReading&) = delete;

  /// Null at the end. Errors: those of RowSource::next(), after the rows that came before.
  [[nodiscard]] Result<std::shared_ptr<ReadRow>> next();

 private:
  using Block = std::vector<std::shared_ptr<ReadRow>>;

  Result<std::optional<std::future<Block>>> begin_block();
  [[nodiscard]] Block read(std::vector<RawRow> rows) const;

  RowSource& source_;
  const RowSink& sink_;
  Look look_;
  Block block_;  // given out from at_ on
  std::size_t at_ = 0;
  bool ended_ = false;
  std::optional<Error> fault_;  // what comes after the rows that were read before it
  Workers& workers_;
  Ahead<Block> ahead_;  // goes first: its blocks use what stands above
};

}  // namespace lic::app
