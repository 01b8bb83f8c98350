using DemEngine.Backends.Devices;
using ILGPU.Runtime;

namespace DemEngine.Kernels.Streaming;

/// <summary>Notes when tiles pass through the device, by marks between what is asked of their streams; only while told to.</summary>
internal sealed class TimelineRecorder(Accelerator accelerator)
{
    private readonly Lock _lock = new();
    private List<TileTimes>? _tiles;
    private ProfilingMarker? _origin;

    /// <summary>Starts anew.</summary>
    public void Start()
    {
        lock (_lock)
        {
            _origin = accelerator.DefaultStream.AddProfilingMarker();
            _tiles = [];
        }
    }

    /// <summary>Ends it, after the last tile.</summary>
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

    /// <summary>A tile's marks, the first of them made; null if nothing is to be noted.</summary>
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

    /// <summary>The marks of one tile: before its copy in, after it, after the kernels, and after the copy out.</summary>
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

        /// <summary>Marks the end of what was asked of the stream last.</summary>
        public void Mark() => _marks[_count++] = _stream.AddProfilingMarker();

        /// <summary>Notes the tile, once its stream has nothing left to do.</summary>
        public void Note() => _recorder.Add(_marks);

        public void Dispose()
        {
            for (int k = 0; k < _count; k++)
                _marks[k].Dispose();
        }
    }
}
