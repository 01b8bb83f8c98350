using System.Globalization;

namespace DemEngine.Training.Settings;

/// <summary>Names of the devices that Torch computes on: <c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>.</summary>
public static class DeviceName
{
    /// <summary>Name of the processor.</summary>
    public const string Processor = "cpu";

    /// <summary>Parses the number of an NVIDIA device from its name.</summary>
    /// <returns>False if the name is not that of an NVIDIA device.</returns>
    public static bool TryParseCuda(string name, out int index)
    {
        const string numbered = "cuda:";
        index = 0;
        return name == "cuda"
            || (name.StartsWith(numbered, StringComparison.Ordinal)
                && int.TryParse(name.AsSpan(numbered.Length), NumberStyles.None, CultureInfo.InvariantCulture, out index));
    }

    /// <summary>Tells whether a name has one of the known forms; the device itself need not exist.</summary>
    public static bool IsKnown(string name) => name == Processor || TryParseCuda(name, out _);
}
