namespace DemEngine.Benchmarking;

/// <summary>What <see cref="Bench"/> measured of a device.</summary>
/// <param name="Name">As <c>--backend</c> names it.</param>
/// <param name="Model">What the driver calls it.</param>
/// <param name="Rates">Copies and kernels.</param>
/// <param name="PeakBytes">The most device memory that tensors took at a time.</param>
/// <param name="UsedBytes">Device memory in use after the merges, by all there is on the device, if the driver says.</param>
/// <param name="Timeline">One merge, tile by tile, if asked for.</param>
public sealed record DeviceReport(string Name, string Model, DeviceRates Rates, long PeakBytes, long? UsedBytes, DeviceTimeline? Timeline);

/// <summary>Rates of a device, in units of 10⁹ bytes a second; each is the median of several measurements.</summary>
/// <param name="Copy">Device memory to device memory, read and written.</param>
/// <param name="HostToDevice">Page-locked host memory to the device, nothing else under way.</param>
/// <param name="DeviceToHost">The other way, nothing else under way.</param>
/// <param name="BothWays">Both at once, their bytes together.</param>
/// <param name="Kernels">Each kernel alone, from and to device memory.</param>
public sealed record DeviceRates(double Copy, double HostToDevice, double DeviceToHost, double BothWays, IReadOnlyList<KernelRate> Kernels);

/// <summary>A kernel's rate.</summary>
/// <param name="Kernel">Which, of how many sources, of which element types.</param>
/// <param name="BytesPerElement">Read and written.</param>
/// <param name="GigabytesPerSecond">Read and written.</param>
/// <param name="ToCopy">The rate by that of copying on the device.</param>
public sealed record KernelRate(string Kernel, int BytesPerElement, double GigabytesPerSecond, double ToCopy);
