using DemEngine.Backends.Devices;

namespace DemEngine.Lab.Benchmarking;

/// <summary>What <see cref="Bench"/> measured of a device.</summary>
/// <param name="Name">As <c>--backend</c> names it.</param>
/// <param name="Model">What the driver calls it.</param>
/// <param name="Rates">Copies and kernels.</param>
/// <param name="PeakBytes">The most device memory that tensors took at a time.</param>
/// <param name="UsedBytes">Device memory in use after the merges, by all there is on the device, if the driver says.</param>
/// <param name="Timeline">One merge, tile by tile, if asked for.</param>
internal sealed record DeviceReport(string Name, string Model, DeviceRates Rates, long PeakBytes, long? UsedBytes, DeviceTimeline? Timeline);
