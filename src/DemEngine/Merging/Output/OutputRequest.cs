using DemEngine.Merging.Options;
using DemEngine.Merging.Tensors;

namespace DemEngine.Merging.Output;

/// <summary>What is to be made, where, and how.</summary>
/// <param name="Plan">What to read and write.</param>
/// <param name="Output">The folder to be made.</param>
/// <param name="Options">How.</param>
internal sealed record OutputRequest(OutputPlan Plan, string Output, RunOptions Options);
