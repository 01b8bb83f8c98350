using DemEngine.Backends.Devices;

namespace DemEngine.Lab.Benchmarking;

/// <summary>Results of <see cref="Bench"/> for a device.</summary>
/// <param name="Name">Device name as <c>--backend</c> takes it.</param>
/// <param name="Model">Device description as the driver gives it.</param>
/// <param name="Rates">Rates of copies and kernels.</param>
/// <param name="PeakBytes">Peak device memory allocated for tensors, in bytes.</param>
/// <param name="UsedBytes">
/// Device memory in use after the merges, by all processes on the device, in bytes; null if the driver does not report it.
/// </param>
/// <param name="Timeline">Timeline of one merge, tile by tile; null if not requested.</param>
internal sealed record DeviceReport(
    string Name,
    string Model,
    DeviceRates Rates,
    long PeakBytes,
    long? UsedBytes,
    DeviceTimeline? Timeline);
