using System.Globalization;

namespace DemEngine.Training.Settings;

/// <summary>Names of what Torch computes on: <c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>.</summary>
public static class DeviceName
{
    /// <summary>The processor.</summary>
    public const string Processor = "cpu";

    /// <summary>Finds the number of an NVIDIA device in its name.</summary>
    /// <returns>False if it is the name of no such device.</returns>
    public static bool TryParseCuda(string name, out int index)
    {
        const string numbered = "cuda:";
        index = 0;
        return name == "cuda"
            || (name.StartsWith(numbered, StringComparison.Ordinal)
                && int.TryParse(name.AsSpan(numbered.Length), NumberStyles.None, CultureInfo.InvariantCulture, out index));
    }

    /// <summary>Whether it is a name that some machine may have.</summary>
    public static bool IsKnown(string name) => name == Processor || TryParseCuda(name, out _);
}
