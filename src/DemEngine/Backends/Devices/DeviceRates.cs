namespace DemEngine.Backends.Devices;

/// <summary>Rates of a device, in units of 10⁹ bytes a second; each is the median of several measurements.</summary>
/// <param name="Copy">Device memory to device memory, read and written.</param>
/// <param name="HostToDevice">Page-locked host memory to the device, nothing else under way.</param>
/// <param name="DeviceToHost">The other way, nothing else under way.</param>
/// <param name="BothWays">Both at once, their bytes together.</param>
/// <param name="Kernels">Each kernel alone, from and to device memory.</param>
internal sealed record DeviceRates(double Copy, double HostToDevice, double DeviceToHost, double BothWays, IReadOnlyList<KernelRate> Kernels);
