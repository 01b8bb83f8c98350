namespace DemEngine.Checkpoints.Configs;

/// <summary>What configurations say of each layer, in one text for all that they say.</summary>
/// <param name="OfBase">Kinds of the base's layers.</param>
/// <param name="OfOutput">Kinds of the output's layers, told in the same way.</param>
/// <param name="Remarks">Warnings for the user.</param>
internal sealed record StackedKinds(IReadOnlyList<string> OfBase, IReadOnlyList<string> OfOutput, IReadOnlyList<string> Remarks)
{
    /// <summary>Kinds where there is no configuration that tells any.</summary>
    public static StackedKinds Unknown(int baseCount, int count) =>
        new([.. Enumerable.Repeat("", baseCount)], [.. Enumerable.Repeat("", count)], []);
}
