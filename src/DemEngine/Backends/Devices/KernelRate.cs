namespace DemEngine.Backends.Devices;

/// <summary>Measured rate of a kernel.</summary>
/// <param name="Kernel">Name of the kernel, with its number of sources and element types.</param>
/// <param name="BytesPerElement">Number of bytes read and written for each element.</param>
/// <param name="GigabytesPerSecond">Rate in units of 10⁹ bytes a second, counting bytes read and written.</param>
/// <param name="ToCopy">Ratio of the rate to that of copying on the device.</param>
internal sealed record KernelRate(string Kernel, int BytesPerElement, double GigabytesPerSecond, double ToCopy);
