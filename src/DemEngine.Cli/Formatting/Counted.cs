namespace DemEngine.Cli.Formatting;

/// <summary>Counts as they are read: <c>1 tensor</c>, <c>2 tensors</c>.</summary>
internal static class Counted
{
    /// <summary>A number and what it counts.</summary>
    /// <param name="number">How many.</param>
    /// <param name="one">What one of them is called.</param>
    /// <param name="many">What several are called; null if that is <paramref name="one"/> with an s.</param>
    public static string Of(long number, string one, string? many = null) =>
        $"{number} {(number == 1 ? one : many ?? one + "s")}";
}
