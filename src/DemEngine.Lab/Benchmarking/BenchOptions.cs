using DemEngine.Lab.Synthesis;
using DemEngine.Merging.Options;
using DemEngine.Numerics;

namespace DemEngine.Lab.Benchmarking;

/// <summary>What <see cref="Bench"/> measures.</summary>
/// <param name="Method">By which method is merged.</param>
/// <param name="Shape">Of the models to be made.</param>
/// <param name="Sources">The numbers of sources to merge, one merge each; null for those of 1, 2 and 4 that the method takes.</param>
/// <param name="Type">Of the elements.</param>
/// <param name="Folder">Where inputs and outputs go. Inputs are kept and used again; outputs are deleted.</param>
/// <param name="Repeats">How often each thing is measured.</param>
/// <param name="Cold">Whether to measure from disk too.</param>
/// <param name="Timeline">Whether to note one more merge tile by tile. Only a device can.</param>
/// <param name="Sweep">Merges of a sweep to be measured as well; null for none.</param>
/// <param name="Run">Threads, memory and reading.</param>
public sealed record BenchOptions(
    string Method, LlamaShape Shape, IReadOnlyList<int>? Sources, ElementType Type, string Folder, int Repeats, bool Cold, bool Timeline, int? Sweep, RunOptions Run);
