using DemEngine.Backends.Devices;
using ILGPU.Runtime;

namespace DemEngine.Kernels.Streaming;

/// <summary>
/// Records when tiles pass through the device, by markers between the operations on their streams, while recording is started.
/// </summary>
internal sealed class TimelineRecorder(Accelerator accelerator)
{
    private readonly Lock _lock = new();
    private List<TileTimes>? _tiles;
    private ProfilingMarker? _origin;

    /// <summary>Starts a new recording.</summary>
    public void Start()
    {
        lock (_lock)
        {
            _origin = accelerator.DefaultStream.AddProfilingMarker();
            _tiles = [];
        }
    }

    /// <summary>Ends the recording and returns it. Called after the last tile.</summary>
    public DeviceTimeline Stop()
    {
        lock (_lock)
        {
            var timeline = new DeviceTimeline(_tiles ?? []);
            _tiles = null;
            _origin?.Dispose();
            _origin = null;
            return timeline;
        }
    }

    /// <summary>Makes the markers of a tile and sets the first one; null if nothing is being recorded.</summary>
    public TileMarks? Begin(AcceleratorStream stream)
    {
        lock (_lock)
            return _tiles is null ? null : new TileMarks(this, stream);
    }

    private void Add(ProfilingMarker[] marks)
    {
        lock (_lock)
        {
            if (_origin is not { } origin)
                return;
            double[] times = [.. marks.Select(mark => (mark - origin).TotalSeconds)];
            _tiles!.Add(new TileTimes(times[0], times[1], times[2], times[3]));
        }
    }

    /// <summary>The markers of one tile: before its copy in, after it, after the kernels, and after the copy out.</summary>
    internal sealed class TileMarks : IDisposable
    {
        private readonly TimelineRecorder _recorder;
        private readonly AcceleratorStream _stream;
        private readonly ProfilingMarker[] _marks = new ProfilingMarker[4];
        private int _count;

        public TileMarks(TimelineRecorder recorder, AcceleratorStream stream)
        {
            _recorder = recorder;
            _stream = stream;
            Mark();
        }

        /// <summary>Marks the end of the operation that was enqueued last.</summary>
        public void Mark() => _marks[_count++] = _stream.AddProfilingMarker();

        /// <summary>Records the tile. Called once its stream has no work left.</summary>
        public void Note() => _recorder.Add(_marks);

        public void Dispose()
        {
            for (int k = 0; k < _count; k++)
                _marks[k].Dispose();
        }
    }
}
