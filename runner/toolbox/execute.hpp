// POST /process/execute and /process/code-run: bodies to commands, outcomes
// to answers.
#pragma once

#include <string>
#include <string_view>

#include "runner/toolbox/command.hpp"
#include "runner/toolbox/guest.hpp"

namespace varve::toolbox {

constexpr std::size_t command_text_limit = 1 << 20;
// A text of the allowed length may be escaped to six times its size.
constexpr std::size_t command_body_limit = 8 << 20;

outcome<command> parse_execute(std::string_view body, const guest& g);
outcome<command> parse_code_run(std::string_view body, const guest& g);

// {"exitCode":0,"result":"..."}, or after a timeout an error body with the
// output so far as "output". In parts: what stands before the output, the
// output as the text of a JSON string and its quote, each of the charts, what
// closes it.
int outcome_status(const command_outcome& done);
std::string outcome_opening(const command_outcome& done, const request& rq);
std::string outcome_chart(const command_outcome& done, std::size_t at);
std::string outcome_closing(const command_outcome& done);

} // namespace varve::toolbox
