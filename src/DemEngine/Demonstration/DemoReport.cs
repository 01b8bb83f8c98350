using DemEngine.Merging;

namespace DemEngine.Demonstration;

/// <summary>What <see cref="Demo"/> did.</summary>
/// <param name="Folder">Where everything lies.</param>
/// <param name="Recipe">The recipe's file.</param>
/// <param name="HeatMap">The picture of the distances.</param>
/// <param name="Merge">The merge.</param>
/// <param name="Verified">Number of tensors that are as the manifest says.</param>
/// <param name="Models">The tuned models and, as the last one, the merged one.</param>
public sealed record DemoReport(
    string Folder, string Recipe, string HeatMap, RunReport Merge, int Verified, IReadOnlyList<DemoModel> Models);

/// <summary>One model beside the base.</summary>
/// <param name="Name">Of its folder.</param>
/// <param name="Bytes">Of all its tensors.</param>
/// <param name="Shards">Number of its files.</param>
/// <param name="Weight">In the merge; null for the merged model.</param>
/// <param name="Distance">Euclidean distance from the base over all weights.</param>
/// <param name="RelativeDistance">The same by the length of the base.</param>
/// <param name="Cosines">Of the angles between its difference from the base and that of each model, in their order.</param>
public sealed record DemoModel(
    string Name, long Bytes, int Shards, double? Weight, double Distance, double RelativeDistance, IReadOnlyList<double> Cosines);
