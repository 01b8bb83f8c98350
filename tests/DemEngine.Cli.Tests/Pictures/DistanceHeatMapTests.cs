using System.Xml.Linq;
using DemEngine.Analysis;
using DemEngine.Cli.Pictures;
using DemEngine.Lab.Charts;
using DemEngine.Numerics;

namespace DemEngine.Cli.Tests.Pictures;

public sealed class DistanceHeatMapTests
{
    private const string Hostile = "<script>&\"'\u0001\u202E\uFFFF\uD800 ]]> --";

    [Test]
    public void Every_layer_and_model_is_labelled([Values(1, 2, 8)] int models, [Values(0, 1, 80)] int layers)
    {
        string text = DistanceHeatMap.Write(Distances(models, layers, "model", "model.layers."));
        string[] texts = [.. XDocument.Parse(text).Descendants().Where(element => element.Name.LocalName == "text").Select(element => element.Nodes().OfType<XText>().Last().Value)];
        Assert.That(texts, Is.SupersetOf(Enumerable.Range(0, layers).Select(k => $"model.layers.{k}")));
        Assert.That(texts, Is.SupersetOf(Enumerable.Range(0, models).Select(k => $"model{k}")));
    }

    [Test]
    public void Hostile_names_stay_text()
    {
        XDocument svg = XDocument.Parse(DistanceHeatMap.Write(Distances(2, 3, Hostile, Hostile)));
        Assert.That(svg.Descendants().Select(element => element.Name.LocalName), Has.None.EqualTo("script"));
        Assert.That(svg.Descendants().Select(element => element.Value), Has.Some.Contains("<script>&\"'\uFFFD\uFFFD\uFFFD\uFFFD ]]> --0"));
    }

    [Test]
    public void A_csv_field_with_a_comma_or_a_quote_is_quoted()
    {
        string[] lines = DistanceCsv.Write(Distances(1, 1, "a,b", "say \"x\"")).Split("\r\n");
        Assert.That(lines, Has.Length.EqualTo(3));
        Assert.That(lines[1], Does.StartWith("\"say \"\"x\"\"0\",\"a,b0\",1,1,"));
    }

    [TestCase(0, "#440154")]
    [TestCase(1, "#fde725")]
    [TestCase(9, "#fde725")]
    [TestCase(double.NaN, "#808080")]
    public void Colours_end_at_the_anchors(double value, string colour) => Assert.That(ColourScale.Sequential.Of(value), Is.EqualTo(colour));

    [TestCase("abc", 3, "abc")]
    [TestCase("abcdef", 3, "a…f")]
    [TestCase("abcdef", 4, "a…ef")]
    public void Long_names_lose_their_middle(string text, int length, string expected) =>
        Assert.That(SvgText.Shorten(text, length), Is.EqualTo(expected));

    private static LayerDistances Distances(int models, int layers, string model, string layer)
    {
        var gram = new GramMatrix(models + 1);
        gram.Upper.Fill(1);
        return new LayerDistances(
            "base",
            [.. Enumerable.Range(0, models).Select(k => new MeasuredModel($"{model}{k}", $"/m/{model}{k}", false))],
            [.. Enumerable.Range(0, layers).Select(k => new LayerDistance($"{layer}{k}", 1, 10, gram))],
            new LayerDistance("whole", layers, 10 * layers, gram),
            0,
            [],
            0);
    }
}
