#include "tools/torture_page.h"

#include <fmt/format.h>

#include <string_view>
#include <vector>

#include <quire/version.h>

namespace quire::tools {

namespace {

using torture::CampaignResult;
using torture::Outcome;

std::string escaped(std::string_view text) {
  std::string html;
  for (const char c : text) {
    switch (c) {
      case '<':
        html += "&lt;";
        break;
      case '>':
        html += "&gt;";
        break;
      case '&':
        html += "&amp;";
        break;
      case '"':
        html += "&quot;";
        break;
      default:
        html += c;
    }
  }
  return html;
}

std::string table_html(const CampaignResult& result) {
  const std::vector<Outcome> columns = result.table.columns();
  std::string html = "<table>\n<tr><th>what happened</th>";
  for (const Outcome outcome : columns)
    html += fmt::format("<th>{}</th>", torture::to_string(outcome));
  html += "</tr>\n";
  for (const auto& [fault, row] : result.table.rows()) {
    html += fmt::format("<tr><td>{}</td>", escaped(fault));
    for (const Outcome outcome : columns) {
      const std::uint64_t count = row[static_cast<std::size_t>(outcome)];
      const bool is_bad = !torture::is_good(outcome) && count > 0;
      html += fmt::format("<td class=\"{}\">{}</td>", is_bad ? "bad" : "count", count_text(count));
    }
    html += "</tr>\n";
  }
  return html + "</table>\n";
}

// A line for each column of the table.
std::string legend_html(const CampaignResult& result) {
  std::string html = "<dl>\n";
  for (const Outcome outcome : result.table.columns()) {
    html += fmt::format("<dt>{}</dt><dd>{}</dd>\n", torture::to_string(outcome),
                        escaped(torture::meaning_of(outcome)));
  }
  return html + "</dl>\n";
}

std::string repetition_html(const torture::Finding& finding) {
  if (!finding.is_repeatable) {
    return "A kill cannot be repeated exactly: the moment does not follow from the seed alone. The "
           "files are kept; below stands where.";
  }
  return fmt::format("Again with <code>quire torture --seed {} --rounds 1</code>.", finding.seed);
}

std::string findings_html(const CampaignResult& result) {
  if (result.findings.empty()) return {};
  std::string html = "<h2>What went wrong</h2>\n";
  for (const torture::Finding& finding : result.findings) {
    html +=
        fmt::format("<h3>{}</h3>\n<p>{}. {}</p>\n<pre>{}</pre>\n", escaped(finding.fault),
                    escaped(finding.program), repetition_html(finding), escaped(finding.problem));
  }
  return html;
}

constexpr std::string_view kStyle =
    "body{font:16px/1.5 sans-serif;max-width:60em;margin:2em auto;padding:0 1em}"
    "table{border-collapse:collapse}th,td{padding:.3em .8em;border-bottom:1px solid #bbb}"
    "th{text-align:left}dt{font-weight:bold}td.count,td.bad{text-align:right;font-variant-numeric:"
    "tabular-nums}"
    "td.bad{background:#c00;color:#fff;font-weight:bold}pre{overflow:auto;background:#eee;"
    "color:#000;padding:.6em}";

}  // namespace

std::string tried_text(const CampaignResult& result) {
  if (result.programs == 0) return {};
  return fmt::format(
      "{}, {} reopened and compared ({} of them after a crash in a recovery), {} made "
      "to fail, {} at rest",
      counted(result.programs, "program"), counted(result.images, "distinct disk"),
      count_text(result.recovery_images), counted(result.calls, "call"),
      counted(result.damages, "damage"));
}

std::string ending_text(const CampaignResult& result) {
  const std::uint64_t bad = result.table.bad();
  return bad == 0 ? std::string("no fault came to a bad end")
                  : counted(bad, "fault") + " came to a bad end";
}

std::string torture_page(const TortureSummary& summary) {
  const CampaignResult& result = summary.result;
  const std::string tried = tried_text(result);
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>quire "
      "torture</title>\n"
      "<style>{}</style></head><body>\n<h1>quire torture</h1>\n"
      "<p>Quire {}, {} UTC, {}, seed {}: {}{}{}; {}.</p>\n{}{}{}"
      "</body></html>\n",
      kStyle, version(), escaped(summary.began), duration_text(summary.duration), summary.seed,
      counted(result.table.total(), "fault"), tried.empty() ? "" : "; ", tried, ending_text(result),
      table_html(result), legend_html(result), findings_html(result));
}

}  // namespace quire::tools
