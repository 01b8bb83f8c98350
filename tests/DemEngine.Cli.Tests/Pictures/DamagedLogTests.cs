using System.Text;
using System.Xml.Linq;
using DemEngine.Cli.Pictures;
using DemEngine.Tests.Faults;

namespace DemEngine.Cli.Tests.Pictures;

/// <summary>The pictures of a training's log, of which a line was damaged: they are drawn without it.</summary>
public sealed class DamagedLogTests
{
    private const string Log = """
        {"step":0,"valid_loss":5.5,"best":true}
        {"step":1,"loss":5.25,"lr":0.01,"grad_norm":1.5,"tokens":100,"targets":90}
        {"step":2,"loss":5,"lr":0.02,"grad_norm":1e-3,"tokens":100,"targets":90,"valid_loss":4.75,"best":true}
        {"step":3,"loss":4.5,"lr":0.02,"grad_norm":0.5,"tokens":100,"targets":90,"valid_loss":4.8,"best":false}
        """;

    [Test]
    public void A_damaged_log_is_drawn_by_the_lines_that_are_left() => Mutations.Run(
        61,
        Encoding.UTF8.GetBytes(Log),
        contents =>
        {
            string[] lines = Encoding.UTF8.GetString(contents).Split('\n');
            string picture = LearningCurve.Draw(lines);
            Assert.That(picture, Does.Not.Contain("NaN").And.Not.Contain("∞"));
            Assert.That(() => XDocument.Parse(picture), Throws.Nothing);
            Assert.That(LossBars.Draw(TrainingLosses.Of(lines)).Count(), Is.LessThanOrEqualTo(2));
        },
        isEverRefused: false);

    [Test]
    public void A_line_that_is_no_step_is_left_out()
    {
        TrainingLosses losses = TrainingLosses.Of(["{\"step\":1,\"loss\":2}", "", "[1]", "{\"step\":\"2\",\"loss\":1}", "{\"step\":3,\"loss\":1e400}", "{\"step\":4,\"lo"]);
        Assert.That(losses.Training, Is.EqualTo(new[] { (1.0, 2.0) }));
        Assert.That(losses.Validation, Is.Empty);
    }
}
