using System.Xml.Linq;
using DemEngine.Cli.Pictures;
using DemEngine.Search;
using DemEngine.Search.Space;
using DemEngine.Search.Strategies;
using DemEngine.Search.Tests;
using DemEngine.Search.Trials;

namespace DemEngine.Cli.Tests.Pictures;

public class SearchPictureTests
{
    private DirectionFamily _family = null!;

    [SetUp]
    public void Make() => _family = new DirectionFamily();

    [TearDown]
    public void Delete() => _family.Dispose();

    [Test]
    public void The_picture_shows_each_set_against_each_coefficient()
    {
        var judge = new DistanceJudge(("<x>", [0.8, 0.1, 0, 0]), ("y", [0.4, 0.5, 0, 0]));
        using SearchFixture search = _family.Open(_family.Recipe("math", "code"), judge);
        Trial best = WeightSearch.Run(new GridSearch(search.Map.Space), search.Map, search.Runner, new SearchBudget(null, null), null, default).Best;
        XDocument picture = XDocument.Parse(SearchPicture.Write(search.Map, search.Runner.Objective, best, search.Runner.Trials));
        XNamespace svg = "http://www.w3.org/2000/svg";
        string[] texts = [.. picture.Descendants(svg + "text").Select(text => text.Nodes().OfType<XText>().Single().Value)];
        Assert.That(texts, Is.SupersetOf(["math", "code", "<x>", "objective: mean", "0.6", "0.3"]));
        string[] points = [.. picture.Descendants(svg + "circle").Select(circle => circle.Value).Where(title => title.Length > 0)];
        Assert.That(points, Has.Length.EqualTo(2 * 3 * 11), "on the lines: two panels, two sets and the objective, eleven values");
        Assert.That(points, Is.SupersetOf(["y: 1.04 at 0.4", "objective: 1.08 at 0.6", "<x>: 1.05 at 0.2"]));
        double width = (double)picture.Root!.Attribute("width")!;
        Assert.That(picture.Descendants(svg + "circle").Select(circle => (double)circle.Attribute("cx")!), Is.All.InRange(0, width));
    }

    [Test]
    public void A_picture_of_one_trial_and_one_value_is_still_one()
    {
        var judge = new DistanceJudge(("x", [0.8, 0, 0, 0]));
        using SearchFixture search = _family.Open(
            _family.Recipe("math"), judge, new CoefficientOptions { Range = CoefficientRange.Of(0.5, 0.5, 1) });
        Trial best = search.Runner.Try(Coefficients.Of(0.5), default);
        string text = SearchPicture.Write(search.Map, search.Runner.Objective, best, search.Runner.Trials);
        Assert.That(() => XDocument.Parse(text), Throws.Nothing);
        Assert.That(text, Does.Not.Contain("NaN").And.Not.Contain("∞"));
    }
}
