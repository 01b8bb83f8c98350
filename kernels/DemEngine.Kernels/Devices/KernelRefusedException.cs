namespace DemEngine.Kernels.Devices;

/// <summary>The driver does not take a kernel; the message has what its compiler says.</summary>
internal sealed class KernelRefusedException(string message, Exception inner) : Exception(message, inner);
