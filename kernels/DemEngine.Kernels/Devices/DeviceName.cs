using System.Globalization;
using ILGPU.Runtime;

namespace DemEngine.Kernels.Devices;

/// <summary>
/// Name of a device: <c>cuda</c>, <c>cuda:1</c>, <c>opencl:0</c>, <c>ilgpu-cpu</c>.
/// </summary>
/// <param name="Kind">Kind of ILGPU accelerator.</param>
/// <param name="Index">Index among the devices of that kind, from 0.</param>
public readonly record struct DeviceName(AcceleratorType Kind, int Index)
{
    /// <summary>Parses a device name.</summary>
    public static bool TryParse(string text, out DeviceName name)
    {
        name = default;
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        int index = 0;
        if (colon >= 0 && !int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out index))
            return false;

        AcceleratorType? kind = (colon < 0 ? text : text[..colon]) switch
        {
            "cuda" => AcceleratorType.Cuda,
            "opencl" => AcceleratorType.OpenCL,
            "ilgpu-cpu" when colon < 0 => AcceleratorType.CPU,
            _ => null,
        };
        name = new DeviceName(kind ?? default, index);
        return kind is not null;
    }

    /// <summary>The name that stands for all devices of a kind, such as <c>cuda:all</c>.</summary>
    public static string All(AcceleratorType kind) => $"{Prefix(kind)}:all";

    /// <inheritdoc/>
    public override string ToString() => Kind == AcceleratorType.CPU ? Prefix(Kind) : $"{Prefix(Kind)}:{Index}";

    private static string Prefix(AcceleratorType kind) => kind switch
    {
        AcceleratorType.Cuda => "cuda",
        AcceleratorType.OpenCL => "opencl",
        _ => "ilgpu-cpu",
    };
}
