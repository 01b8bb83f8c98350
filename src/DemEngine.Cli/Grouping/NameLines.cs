using DemEngine.Cli.Formatting;

namespace DemEngine.Cli.Grouping;

/// <summary>Prints names of tensors of which one thing is to be said, in groups or each on its line.</summary>
internal static class NameLines
{
    /// <summary>Prints the names.</summary>
    /// <param name="what">What is said of them, such as <c>missing</c>.</param>
    /// <param name="names">The names.</param>
    /// <param name="all">Whether each has a line.</param>
    public static void Print(string what, IReadOnlyList<string> names, bool all)
    {
        if (all)
        {
            foreach (string name in names)
                Console.Out.WriteLine($"{what}: {Printable.Text(name)}");
            return;
        }

        foreach (NameGroup group in NameGroups.Of(names))
        {
            string count = group.Members.Count > 1 ? $"{group.Count} " : "";
            Console.Out.WriteLine($"{what}: {count}{Printable.Text(group.Pattern.ToString())}");
        }
    }
}
