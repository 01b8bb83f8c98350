using DemEngine.Lab.Synthesis;
using DemEngine.Merging.Options;
using DemEngine.Numerics;

namespace DemEngine.Lab.Benchmarking;

/// <summary>Options of <see cref="Bench"/>.</summary>
/// <param name="Method">Name of the merge method.</param>
/// <param name="Shape">Shape of the models to generate.</param>
/// <param name="Sources">
/// Numbers of sources to merge, one merge each; null for those of 1, 2 and 4 that the method accepts.
/// </param>
/// <param name="Type">Element type of the generated models.</param>
/// <param name="Folder">Folder of inputs and outputs. Inputs are kept and reused; outputs are deleted.</param>
/// <param name="Repeats">Number of measurements of each kind.</param>
/// <param name="Cold">True to measure with a cold page cache as well.</param>
/// <param name="Timeline">True to record one further merge tile by tile; only devices support this.</param>
/// <param name="Sweep">Number of merges in a sweep to measure as well; null for no sweep.</param>
/// <param name="Run">Run options: threads, memory and reading.</param>
public sealed record BenchOptions(
    string Method,
    IModelShape Shape,
    IReadOnlyList<int>? Sources,
    ElementType Type,
    string Folder,
    int Repeats,
    bool Cold,
    bool Timeline,
    int? Sweep,
    RunOptions Run);
