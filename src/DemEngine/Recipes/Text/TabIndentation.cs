namespace DemEngine.Recipes.Text;

/// <summary>
/// Finds the tab that makes a text no YAML. The parser notices it only when the mapping around it ends, and names the line at
/// which that began.
/// </summary>
internal static class TabIndentation
{
    /// <summary>Whether the first line that says anything is indented by a tab, of which the parser says nothing.</summary>
    /// <param name="text">YAML text.</param>
    public static bool BeginsWithTab(string text)
    {
        foreach (ReadOnlySpan<char> line in text.AsSpan().EnumerateLines())
        {
            int indentation = line.IndexOfAnyExcept(' ', '\t');
            if (indentation >= 0 && line[indentation] is not '#')
                return line[..indentation].Contains('\t');
        }

        return false;
    }

    /// <summary>Finds the first line that is indented by a tab, from a line on; where there is none, the first of all.</summary>
    /// <param name="text">YAML text.</param>
    /// <param name="from">Line to begin at, counted from 1.</param>
    /// <returns>Line and column of the tab, counted from 1; null if no line is indented by one.</returns>
    public static (int Line, int Column)? Find(string text, int from)
    {
        (int Line, int Column)? first = null;
        int number = 0;
        foreach (ReadOnlySpan<char> line in text.AsSpan().EnumerateLines())
        {
            number++;
            int indentation = line.IndexOfAnyExcept(' ', '\t');
            int tab = line[..Math.Max(indentation, 0)].IndexOf('\t');
            if (tab < 0 || line[indentation] == '#')
                continue;
            first ??= (number, tab + 1);
            if (number >= from)
                return (number, tab + 1);
        }

        return first;
    }
}
