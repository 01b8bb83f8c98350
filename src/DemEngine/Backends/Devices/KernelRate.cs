namespace DemEngine.Backends.Devices;

/// <summary>A kernel's rate.</summary>
/// <param name="Kernel">Which, of how many sources, of which element types.</param>
/// <param name="BytesPerElement">Read and written.</param>
/// <param name="GigabytesPerSecond">Read and written.</param>
/// <param name="ToCopy">The rate by that of copying on the device.</param>
internal sealed record KernelRate(string Kernel, int BytesPerElement, double GigabytesPerSecond, double ToCopy);
