namespace DemEngine.Backends.Devices;

/// <summary>Rates of a device, in units of 10⁹ bytes a second. Each is the median of several measurements.</summary>
/// <param name="Copy">Rate of copies within device memory, counting bytes read and written.</param>
/// <param name="HostToDevice">Rate of copies from page-locked host memory to the device, with nothing else in progress.</param>
/// <param name="DeviceToHost">Rate of copies from the device to page-locked host memory, with nothing else in progress.</param>
/// <param name="BothWays">Rate of copies in both directions at once, counting the bytes of both.</param>
/// <param name="Kernels">Rate of each kernel alone, from and to device memory.</param>
internal sealed record DeviceRates(
    double Copy,
    double HostToDevice,
    double DeviceToHost,
    double BothWays,
    IReadOnlyList<KernelRate> Kernels);
