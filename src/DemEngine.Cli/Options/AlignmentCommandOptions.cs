using System.CommandLine;
using DemEngine.Merging.Options;

namespace DemEngine.Cli.Options;

/// <summary>The options of every command that matches models to a base.</summary>
internal sealed class AlignmentCommandOptions
{
    public Option<MissingTensors> Missing { get; } = Choice.Option(
        "--missing", "Tensors that the base has and a source lacks: refuse, or take the base's.", MissingTensors.Fail);

    public Option<ExtraTensors> Extra { get; } = Choice.Option(
        "--extra", "Tensors that a source has and the base lacks: refuse, or leave them out.", ExtraTensors.Fail);

    public Option<VocabularyPolicy> Vocabulary { get; } = Choice.Option(
        "--vocab",
        "Embeddings with different row counts: refuse, keep the base's rows, or those that all have.",
        VocabularyPolicy.Fail);

    public void AddTo(Command command)
    {
        command.Options.Add(Missing);
        command.Options.Add(Extra);
        command.Options.Add(Vocabulary);
    }

    public AlignmentOptions Read(ParseResult parsed) => new()
    {
        Missing = parsed.GetValue(Missing),
        Extra = parsed.GetValue(Extra),
        Vocabulary = parsed.GetValue(Vocabulary),
    };
}
