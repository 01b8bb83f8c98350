using System.Text;
using DemEngine.Lab.Experiment.Results;
using DemEngine.Lab.Experiment.Running;
using DemEngine.Lab.Synthesis;
using DemEngine.Lab.Tests.Experiment;
using DemEngine.Numerics;
using DemEngine.Tests;
using DemEngine.Tests.Faults;

namespace DemEngine.Lab.Tests;

/// <summary>A damaged file that an experiment or a made-up model goes by gives a named error or what it says.</summary>
public sealed class DamagedFilesTests
{
    [Test]
    public void A_damaged_configuration_gives_a_named_error_or_a_shape()
    {
        using var folder = new TempFolder();
        string path = folder.PathOf("config.json");
        Mutations.Run(51, ModelShapes.Find("tiny").ToConfig(ElementType.BF16), contents =>
        {
            File.WriteAllBytes(path, contents);
            IModelShape shape = ModelShapes.Find(path);
            Assert.That(shape.Tensors(ElementType.BF16).Sum(tensor => (double)tensor.ByteLength), Is.GreaterThan(0));
            Assert.That(shape.ToConfig(ElementType.BF16), Is.Not.Empty);
        });
    }

    [Test]
    public void Damaged_results_give_a_named_error_or_results()
    {
        using var folder = new TempFolder();
        string path = folder.PathOf(ResultsFile.FileName);
        ResultsFile.Write(path, MadeUpResults.Make());
        Mutations.Run(52, File.ReadAllBytes(path), contents =>
        {
            File.WriteAllBytes(path, contents);
            ExperimentResults results = ResultsFile.Read(path);
            Assert.That(results.Tables.Concat(results.Life).SelectMany(table => table.Rows).SelectMany(row => row.Runs).Select(run => run.Cost), Has.None.Null);
        });
    }

    [Test]
    public void A_damaged_report_of_a_training_gives_a_named_error_or_a_report()
    {
        using var folder = new TempFolder();
        string path = folder.PathOf("base.json");
        byte[] report = Encoding.UTF8.GetBytes("""{"steps": 120, "trained_tokens": 50000, "best_loss": 0.25, "seconds": 12.5}""");
        Mutations.Run(53, report, contents =>
        {
            File.WriteAllBytes(path, contents);
            Assert.That(TrainingStages.Known(path, folder.Path)!.Steps, Is.GreaterThanOrEqualTo(0));
        });
    }
}
