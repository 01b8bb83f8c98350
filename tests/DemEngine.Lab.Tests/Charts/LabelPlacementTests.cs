using System.Globalization;
using System.Text.RegularExpressions;
using DemEngine.Lab.Charts;
using DemEngine.Lab.Tests.Experiment;

namespace DemEngine.Lab.Tests.Charts;

public class LabelPlacementTests
{
    private static readonly LabelBox Area = new(46, 26, 500, 260);

    [Test]
    public void No_label_covers_another_or_a_mark_or_leaves_the_picture()
    {
        var random = new Random(4);
        for (int round = 0; round < 20; round++)
        {
            // Points crowd into a corner of the picture.
            (double X, double Y)[] points = [.. Enumerable.Range(0, 15).Select(_ => (60 + (150 * random.NextDouble()), 40 + (50 * random.NextDouble())))];
            var labels = new LabelPlacement(Area);
            LabelBox[] marks = [.. points.Select(point => new LabelBox(point.X - 4, point.Y - 4, 8, 8))];
            foreach (var (x, y) in points)
                labels.Avoid(x, y, 4);
            int placed = points.Count(point => labels.Place(point.X, point.Y, "withdraw") is not null);

            Assert.That(placed, Is.EqualTo(labels.Labels.Count).And.GreaterThan(10));
            for (int k = 0; k < labels.Labels.Count; k++)
            {
                LabelBox box = labels.Labels[k];
                Assert.That(labels.Labels.Skip(k + 1).Concat(marks).Any(box.Overlaps), Is.False, $"round {round}, label {k}");
                Assert.That((box.Left >= Area.Left, box.Top >= Area.Top, box.Right <= Area.Right, box.Bottom <= Area.Bottom), Is.EqualTo((true, true, true, true)));
            }
        }
    }

    [Test]
    public void A_line_leads_to_a_label_that_found_no_place_beside_its_point()
    {
        var labels = new LabelPlacement(Area);
        labels.Place(200, 150, "add");
        Assert.That(labels.LeaderFrom(200, 150), Is.Null);

        for (int column = 0; column < 10; column++)
        {
            for (int row = 0; row < 10; row++)
                labels.Avoid(155 + (10 * column), 105 + (10 * row), 5);
        }

        labels.Place(200, 150, "withdraw");
        LabelBox far = labels.Labels[^1];
        (double x, double y) = labels.LeaderFrom(200, 150)!.Value;
        Assert.That(new[] { x - far.Left, far.Right - x, y - far.Top, far.Bottom - y }, Is.All.GreaterThanOrEqualTo(0));
        Assert.That(Math.Abs(x - 200) > 40 || Math.Abs(y - 150) > 40);
    }

    [Test]
    public void A_label_that_stands_alone_is_above_its_point() =>
        Assert.That(new LabelPlacement(Area).Place(200, 150, "add"), Is.EqualTo((200.0, 139.5)));

    [Test]
    public void A_label_goes_where_no_line_is_and_over_one_only_where_all_is_full_of_them()
    {
        var labels = new LabelPlacement(Area);
        labels.AvoidLine([(200, 30), (200, 150), (400, 150)]);
        Assert.That(labels.Place(200, 150, "add"), Is.EqualTo((200.0, 166.5)));
        (double x, double y) = labels.Place(200, 150, "add")!.Value;
        Assert.That(x < 200 - (3 * 6.4 / 2) || y > 150 + 13, Is.True, $"{x}, {y}");

        // Two lines or more lie across every place but the one below, where there is one.
        var between = new LabelPlacement(Area);
        for (int across = 0; across < 600; across += 3)
        {
            if (Math.Abs(across - 200) > 5)
                between.AvoidLine([(across, 0), (across, 400)]);
        }

        for (int down = 135; down > 0; down -= 4)
            between.AvoidLine([(0, down), (600, down)]);
        for (int down = 165; down < 400; down += 10)
            between.AvoidLine([(0, down), (600, down)]);
        Assert.That(between.Place(200, 150, "w"), Is.EqualTo((200.0, 166.5)));

        for (int k = 0; k < 600; k++)
            labels.AvoidLine([(40 + k, 0), (40 + k, 400)]);
        Assert.That(labels.Place(300, 200, "add"), Is.EqualTo((300.0, 189.5)));
    }

    [Test]
    public void The_picture_of_a_familys_life_names_every_event_of_every_method_and_no_two_names_overlap()
    {
        string svg = DemEngine.Lab.Experiment.Report.Charts.Life(MadeUpResults.Make()).ToString();
        LabelBox[] boxes =
        [
            .. Regex.Matches(svg, "<text x=\"([\\d.]+)\" y=\"([\\d.]+)\" [^>]*label\">([^<]+)<").Select(match =>
            {
                double Number(int group) => double.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture);
                double width = 6.4 * match.Groups[3].Length;
                return new LabelBox(Number(1) - (width / 2), Number(2) - 9.5, width, 13);
            }),
        ];
        Assert.That(boxes, Has.Length.EqualTo(9));
        for (int k = 0; k < boxes.Length; k++)
            Assert.That(boxes.Skip(k + 1).Any(other => other.Overlaps(boxes[k])), Is.False, $"label {k}");
    }
}
