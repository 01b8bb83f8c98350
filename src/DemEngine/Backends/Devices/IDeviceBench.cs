namespace DemEngine.Backends.Devices;

/// <summary>Backend on one device with memory of its own, whose parts can be measured one by one.</summary>
internal interface IDeviceBench : IMergeBackend
{
    /// <summary>Maximum device memory, in bytes, that tensors took at a time since the backend was opened.</summary>
    long PeakDeviceBytes { get; }

    /// <summary>
    /// Device memory in bytes that is in use now, by everything on the device; null if the driver does not say.
    /// </summary>
    long? UsedDeviceBytes { get; }

    /// <summary>Measures the rates of copies and kernels, with no more device memory than the backend may use.</summary>
    /// <param name="report">Progress callback, called with a line of text that says what is being done.</param>
    /// <param name="cancel">Token that stops the benchmark between measurements.</param>
    DeviceRates MeasureRates(Action<string> report, CancellationToken cancel);

    /// <summary>Starts recording when each tile is copied in, computed and copied out.</summary>
    void StartTimeline();

    /// <summary>Stops the recording.</summary>
    /// <returns>The recorded timeline.</returns>
    DeviceTimeline StopTimeline();
}
