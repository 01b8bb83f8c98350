namespace DemEngine.Backends.Devices;

/// <summary>A backend that is one device with memory of its own, whose parts can be measured one by one.</summary>
internal interface IDeviceBench : IMergeBackend
{
    /// <summary>The most device memory, in bytes, that tensors took at a time since the backend was opened.</summary>
    long PeakDeviceBytes { get; }

    /// <summary>Device memory in use now, by all there is on the device; null if the driver does not say.</summary>
    long? UsedDeviceBytes { get; }

    /// <summary>Measures copies and kernels, with no more device memory than the backend may use.</summary>
    /// <param name="report">Told what is being done, in a line of text.</param>
    /// <param name="cancel">Stops between measurements.</param>
    DeviceRates MeasureRates(Action<string> report, CancellationToken cancel);

    /// <summary>Starts noting when each tile is copied in, computed and copied out.</summary>
    void StartTimeline();

    /// <summary>Ends that.</summary>
    /// <returns>What was noted.</returns>
    DeviceTimeline StopTimeline();
}
