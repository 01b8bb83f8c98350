using System.Text.Json;
using System.Xml.Linq;
using DemEngine.Lab.Experiment.Report;
using DemEngine.Lab.Experiment.Results;
using DemEngine.Tests;

namespace DemEngine.Lab.Tests.Experiment;

public class ReportTests
{
    [TestCase(1)]
    [TestCase(3)]
    public void The_page_is_whole_by_itself_and_well_formed(int seeds)
    {
        ExperimentResults results = MadeUpResults.Make(seeds);
        string html = HtmlReport.Write(results);
        Assert.That(html, Does.Not.Contain("http://www.w3").And.Not.Contain("src=").And.Not.Contain("<script").And.Not.Contain("@import").And.Not.Contain("url("));
        Assert.That(html, Does.Not.Contain("NaN"));
        Assert.That(html, Does.Contain("default-src 'none'").And.Contain("width=device-width").And.Contain("@media print"));

        // Elements without an end apart, it is XML too, so no tag is open and nothing is unescaped.
        XElement page = Parse(html);
        Assert.That(page.Descendants("table").Count(), Is.EqualTo(2 + (3 * results.Tables.Length)));
        Assert.That(page.Descendants("figure").Count(), Is.EqualTo(2 + results.Curves.Length + 2 + 1));
        Assert.That(page.Descendants("code").Single().Value, Is.EqualTo(results.Command));

        // What it comes to stands above all tables, and a figure before the first of them.
        string[] order = [.. page.Descendants().Where(one => one.Name.LocalName is "table" or "figure" || ((string?)one.Attribute("class") ?? "") == "verdict").Select(one => one.Name.LocalName)];
        Assert.That(order[..3], Is.EqualTo(new[] { "p", "figure", "table" }));
    }

    [Test]
    public void Tables_have_means_over_the_seeds_and_mark_the_best()
    {
        ExperimentResults results = MadeUpResults.Make();
        ResultTable table = results.Tables[0];
        XElement[] rows = [.. Parse(HtmlReport.Write(results)).Descendants("table").ElementAt(1).Descendants("tbody").Single().Elements("tr")];
        Assert.That(rows.Select(row => row.Elements("td").First().Value), Is.EqualTo(table.Rows.Select(row => row.Name)));

        // Columns: name, five sources, their mean, the one beside.
        for (int r = 0; r < rows.Length; r++)
        {
            string[] cells = [.. rows[r].Elements("td").Skip(1).Select(cell => cell.Nodes().First().ToString())];
            double[] means = [.. Enumerable.Range(0, 6).Select(c => 100 * table.Rows[r].Runs.Average(run => run.ExactMatch[c]))];
            Assert.That(cells, Is.EqualTo(new[] { means[0], means[1], means[2], means[3], means[4], means[..5].Average(), means[5] }.Select(value => value.ToString("0.0"))));
        }

        // The best is marked where its lead exceeds the standard error of the difference to the second.
        int marked = 0;
        for (int c = 1; c <= 7; c++)
        {
            double[][] runs = [.. table.Rows.Select(row => row.Runs.Select(run => c <= 5 ? run.ExactMatch[c - 1] : c == 6 ? run.ExactMatch.Take(5).Average() : run.ExactMatch[5]).ToArray())];
            int[] order = [.. Enumerable.Range(0, runs.Length).OrderByDescending(r => runs[r].Average())];
            double Error(int r) => runs[r].Sum(value => Math.Pow(value - runs[r].Average(), 2)) / (runs[r].Length - 1) / runs[r].Length;
            bool leads = runs[order[0]].Average() - runs[order[1]].Average() > Math.Sqrt(Error(order[0]) + Error(order[1]));
            int[] best = [.. Enumerable.Range(0, rows.Length).Where(r => ((string?)rows[r].Elements("td").ElementAt(c).Attribute("class") ?? "").Contains("best"))];
            Assert.That(best, Is.EqualTo(leads ? new[] { order[0] } : []), $"column {c}");
            marked += best.Length;
        }

        Assert.That(marked, Is.GreaterThan(0));
    }

    [Test]
    public void Costs_add_up_over_the_life_of_a_family()
    {
        ExperimentResults results = MadeUpResults.Make();
        XElement[] rows = [.. Parse(HtmlReport.Write(results)).Descendants("table").First().Descendants("tbody").Single().Elements("tr")];
        string[] dem = [.. rows.Where(row => row.Elements("td").First().Value == "DEM").Select(row => row.Elements("td").ElementAt(5).Value)];
        double each = new MethodCost(1_000_000, 100_000, 0).Flops(results.Parameters);
        Assert.That(dem, Is.EqualTo(new[] { each, 2 * each, 3 * each }.Select(LifeTable.Operations)));
        string svg = FigureFiles.Pictures(results).First().Picture;
        Assert.That(svg, Does.Contain("mixing, continued, withdraw").And.Not.Contain("NaN"));
        Assert.That(Verdict.Of(results), Does.Contain("Over its whole life the family took 0.50 times of those"));
    }

    [Test]
    public void Where_all_are_as_good_none_is_marked()
    {
        ExperimentResults results = MadeUpResults.Make();
        ResultTable table = results.Tables[0];
        results = results with
        {
            Tables = [table with { Rows = [.. table.Rows.Select(row => row with { Runs = [.. row.Runs.Select(run => run with { ExactMatch = run.ExactMatch.SetItem(0, row.Kind == MethodKind.Mixing ? 0.99 : 0.5).SetItem(1, 0.75) })] })] }],
        };
        XElement[] rows = [.. Parse(HtmlReport.Write(results)).Descendants("table").ElementAt(1).Descendants("tbody").Single().Elements("tr")];
        Assert.That(rows.Select(row => (string?)row.Elements("td").ElementAt(2).Attribute("class") ?? ""), Has.None.Contains("best"));
        Assert.That(rows.Select(row => (string?)row.Elements("td").ElementAt(1).Attribute("class") ?? ""), Has.Exactly(1).Contains("best"));
    }

    [Test]
    public void Results_read_back_as_they_were_written()
    {
        using var folder = new TempFolder();
        ExperimentResults results = MadeUpResults.Make();
        ResultsFile.Write(folder.PathOf("experiment.json"), results);
        ExperimentResults read = ResultsFile.Read(folder.PathOf("experiment.json"));
        Assert.That(HtmlReport.Write(read), Is.EqualTo(HtmlReport.Write(results)));
        Assert.That(read.Tables[0].Rows[4].Kind, Is.EqualTo(MethodKind.Dem));
        Assert.That(JsonDocument.Parse(File.ReadAllText(folder.PathOf("experiment.json"))).RootElement.GetProperty("tables")[0].GetProperty("rows")[0].GetProperty("runs")[0].TryGetProperty("exact_match", out _));
    }

    [TestCase("", "line 1")]
    [TestCase("{\"preset\": \"small\"}", "")]
    [TestCase("[]", "")]
    public void Another_file_is_refused_by_name(string contents, string named)
    {
        using var folder = new TempFolder();
        string path = folder.Write("experiment.json", contents);
        var error = Assert.Throws<DemException>(() => ResultsFile.Read(path))!;
        Assert.That(error.Code, Is.EqualTo(ErrorCode.BadResults));
        Assert.That(error.Message, Does.StartWith(path).And.Contains(named));
    }

    [Test]
    public void Spread_is_the_sample_deviation()
    {
        Assert.That(Spread.Of([2, 4, 4, 4, 5, 5, 7, 9]), Is.EqualTo(new Spread(5, Math.Sqrt(32.0 / 7))));
        Assert.That(Spread.Of([3]).Deviation, Is.NaN);
    }

    [Test]
    public void Operations_are_six_and_two_a_weight_and_token() =>
        Assert.That((new MethodCost(10, 3, 1) + new MethodCost(5, 4, 1)).Flops(100), Is.EqualTo(((6 * 15) + (2 * 7)) * 100));

    private static XElement Parse(string html)
    {
        string body = html[html.IndexOf("<body>", StringComparison.Ordinal)..html.IndexOf("</html>", StringComparison.Ordinal)];
        return XElement.Parse(body);
    }
}
