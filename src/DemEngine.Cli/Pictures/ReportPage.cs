using System.Net;
using System.Text;

namespace DemEngine.Cli.Pictures;

/// <summary>
/// A report as one HTML page that holds its pictures. It needs no network and no script, and follows the viewer's light or dark
/// setting.
/// </summary>
internal sealed class ReportPage
{
    private const string Head = """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
        <style>
        :root { color-scheme: light dark; --paper: #ffffff; --ink: #1f2328; --faint: #59636e; --rule: #d1d9e0; --bar: #b6d7ff; }
        @media (prefers-color-scheme: dark) {
          :root { --paper: #0d1117; --ink: #e6edf3; --faint: #9198a1; --rule: #3d444d; --bar: #1f4a7c; }
        }
        body { margin: 0 auto; padding: 1rem; max-width: 72rem; background: var(--paper); color: var(--ink); }
        body { font: 16px/1.5 ui-sans-serif, system-ui, "Segoe UI", "DejaVu Sans", Arial, sans-serif; }
        h1 { font-size: 1.5rem; line-height: 1.2; overflow-wrap: anywhere; }
        h2 { font-size: 1.15rem; margin: 2rem 0 .4rem; }
        figure { margin: 0; overflow-x: auto; }
        .note { color: var(--faint); overflow-wrap: anywhere; }
        .scroll { overflow-x: auto; }
        table { border-collapse: collapse; font-size: .86rem; font-variant-numeric: tabular-nums; }
        th, td { padding: .25rem .6rem; border-bottom: 1px solid var(--rule); text-align: right; white-space: nowrap; }
        th.text, td.text { text-align: left; }
        .bar { background: linear-gradient(var(--bar), var(--bar)) no-repeat left / var(--share) 100%; }
        @media print { body { max-width: none; } .scroll, figure { overflow: visible; } }
        </style>
        """;

    private readonly StringBuilder _html = new(Head);

    /// <param name="title">Title and heading.</param>
    public ReportPage(string title) => _html
        .Append("\n<title>").Append(Escape(title)).Append("</title>\n</head>\n<body>\n")
        .Append("<h1>").Append(Escape(title)).Append("</h1>\n");

    /// <summary>Adds a heading of a part.</summary>
    public void Heading(string text) => _html.Append("<h2>").Append(Escape(text)).Append("</h2>\n");

    /// <summary>Adds a paragraph.</summary>
    public void Note(string text) => _html.Append("<p class=\"note\">").Append(Escape(text)).Append("</p>\n");

    /// <summary>Adds a picture.</summary>
    /// <param name="svg">Text of an SVG file.</param>
    public void Picture(string svg) => _html.Append("<figure>\n").Append(svg).Append("</figure>\n");

    /// <summary>Adds a table.</summary>
    /// <param name="headings">
    /// Headings of the columns. One that starts with a blank marks a column of numbers, aligned to the right.
    /// </param>
    /// <param name="rows">Cells of the rows. A cell with a share from 0 to 1 has a bar of that length behind its text.</param>
    public void Table(IReadOnlyList<string> headings, IEnumerable<IReadOnlyList<ReportCell>> rows)
    {
        string[] classes = [.. headings.Select(heading => heading.StartsWith(' ') ? "" : "text")];
        _html.Append("<div class=\"scroll\"><table><thead><tr>");
        for (int k = 0; k < headings.Count; k++)
            _html.Append($"<th class=\"{classes[k]}\">").Append(Escape(headings[k].TrimStart())).Append("</th>");
        _html.Append("</tr></thead><tbody>\n");
        foreach (IReadOnlyList<ReportCell> row in rows)
        {
            _html.Append("<tr>");
            for (int k = 0; k < row.Count; k++)
            {
                string style = row[k].Share is { } share ? $" style=\"--share: {100 * share:0.#}%\"" : "";
                string name = style.Length > 0 ? $"{classes[k]} bar" : classes[k];
                _html.Append($"<td class=\"{name.Trim()}\"{style}>").Append(Escape(row[k].Text)).Append("</td>");
            }

            _html.Append("</tr>\n");
        }

        _html.Append("</tbody></table></div>\n");
    }

    /// <summary>Ends the page.</summary>
    /// <returns>Its text.</returns>
    public string End() => _html.Append("</body>\n</html>\n").ToString();

    private static string Escape(string text) => WebUtility.HtmlEncode(text);
}

/// <summary>A cell of a table.</summary>
/// <param name="Text">Its text.</param>
/// <param name="Share">Length of a bar behind it, from 0 to 1; null for none.</param>
internal readonly record struct ReportCell(string Text, double? Share = null);
