using DemEngine.Checkpoints;

namespace DemEngine.Merging;

/// <summary>One output of an <see cref="OutputGroup"/>, in files or in memory.</summary>
internal interface IPlannedOutput
{
    /// <summary>What is carried out.</summary>
    OutputPlan Plan { get; }

    /// <summary>The tensors that are still to be made, in the order of the layout.</summary>
    IReadOnlyList<(OutputTensor Tensor, PlacedTensor Place)> ToMake { get; }

    /// <summary>Where tiles go.</summary>
    ITileSink Sink { get; }

    /// <summary>Notes a finished tensor, from any thread.</summary>
    void Finished(JournalEntry entry);
}
