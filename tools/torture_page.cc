#include "tools/torture_page.h"

#include <fmt/format.h>

#include <string_view>

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
  std::string html = "<table>\n<tr><th>what happened</th>";
  for (std::size_t outcome = 0; outcome < torture::kOutcomes; ++outcome) {
    html += fmt::format("<th>{}</th>", torture::to_string(static_cast<Outcome>(outcome)));
  }
  html += "</tr>\n";
  for (const auto& [fault, row] : result.table.rows()) {
    html += fmt::format("<tr><td>{}</td>", escaped(fault));
    for (std::size_t outcome = 0; outcome < torture::kOutcomes; ++outcome) {
      const bool is_bad = !torture::is_good(static_cast<Outcome>(outcome)) && row[outcome] > 0;
      html += fmt::format("<td class=\"{}\">{}</td>", is_bad ? "bad" : "count",
                          count_text(row[outcome]));
    }
    html += "</tr>\n";
  }
  return html + "</table>\n";
}

std::string findings_html(const CampaignResult& result) {
  if (result.findings.empty()) return "<p>Nothing was lost, and nothing came from nowhere.</p>\n";
  std::string html = "<h2>What went wrong</h2>\n";
  for (const torture::Finding& finding : result.findings) {
    html += fmt::format(
        "<h3>{}</h3>\n<p>{}. Again with <code>quire torture --seed {} --rounds 1</code>.</p>\n"
        "<pre>{}</pre>\n",
        escaped(finding.fault), escaped(finding.program), finding.seed, escaped(finding.problem));
  }
  return html;
}

constexpr std::string_view kStyle =
    "body{font:16px/1.5 sans-serif;max-width:60em;margin:2em auto;padding:0 1em}"
    "table{border-collapse:collapse}th,td{padding:.3em .8em;border-bottom:1px solid #bbb}"
    "th{text-align:left}td.count,td.bad{text-align:right;font-variant-numeric:tabular-nums}"
    "td.bad{background:#c00;color:#fff;font-weight:bold}pre{overflow:auto;background:#eee;"
    "color:#000;padding:.6em}";

}  // namespace

std::string torture_page(const TortureSummary& summary) {
  const CampaignResult& result = summary.result;
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>quire "
      "torture</title>\n"
      "<style>{}</style></head><body>\n<h1>quire torture</h1>\n"
      "<p>Quire {}, {} UTC, {}, seed {}: {} faults; {} programs, {} distinct disks reopened and "
      "compared, {} of them after a crash in a recovery, {} calls made to fail, {} damages at "
      "rest.</p>\n{}{}"
      "</body></html>\n",
      kStyle, version(), escaped(summary.began), duration_text(summary.duration), summary.seed,
      count_text(result.table.total()), count_text(result.programs), count_text(result.images),
      count_text(result.recovery_images), count_text(result.calls), count_text(result.damages),
      table_html(result), findings_html(result));
}

}  // namespace quire::tools
