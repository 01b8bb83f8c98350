using System.Reflection;
using DemEngine.Kernels.Devices;
using ILGPU;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.PTX;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace DemEngine.Kernels.Launching;

/// <summary>
/// Compiles kernels for a device. What the driver's compiler says of one that it refuses becomes part of the error; and on OpenCL
/// a kernel is launched by one thread at a time.
/// </summary>
/// <remarks>
/// A launch on OpenCL sets the arguments of a kernel object one by one and then enqueues it. ILGPU has one such object for all
/// threads, so that without a lock a launch may get the arguments of another. CUDA takes all arguments in one call.
/// </remarks>
internal static class KernelLoading
{
    public static Action<AcceleratorStream, KernelConfig, T1, T2, T3> Load<T1, T2, T3>(
        Accelerator accelerator, Action<T1, T2, T3> kernel)
        where T1 : struct
        where T2 : struct
        where T3 : struct
    {
        var launch = Compile(accelerator, kernel.Method, () => accelerator.LoadKernel(kernel));
        return TakesTurns(accelerator) ? OneAtATime(launch) : launch;
    }

    public static Action<AcceleratorStream, KernelConfig, T1, T2, T3, T4> Load<T1, T2, T3, T4>(
        Accelerator accelerator, Action<T1, T2, T3, T4> kernel)
        where T1 : struct
        where T2 : struct
        where T3 : struct
        where T4 : struct
    {
        var launch = Compile(accelerator, kernel.Method, () => accelerator.LoadKernel(kernel));
        return TakesTurns(accelerator) ? OneAtATime(launch) : launch;
    }

    public static Action<AcceleratorStream, KernelConfig, T1, T2, T3, T4, T5> Load<T1, T2, T3, T4, T5>(
        Accelerator accelerator, Action<T1, T2, T3, T4, T5> kernel)
        where T1 : struct
        where T2 : struct
        where T3 : struct
        where T4 : struct
        where T5 : struct
    {
        var launch = Compile(accelerator, kernel.Method, () => accelerator.LoadKernel(kernel));
        return TakesTurns(accelerator) ? OneAtATime(launch) : launch;
    }

    public static Action<AcceleratorStream, KernelConfig, T1, T2, T3, T4, T5, T6> Load<T1, T2, T3, T4, T5, T6>(
        Accelerator accelerator, Action<T1, T2, T3, T4, T5, T6> kernel)
        where T1 : struct
        where T2 : struct
        where T3 : struct
        where T4 : struct
        where T5 : struct
        where T6 : struct
    {
        var launch = Compile(accelerator, kernel.Method, () => accelerator.LoadKernel(kernel));
        return TakesTurns(accelerator) ? OneAtATime(launch) : launch;
    }

    /// <summary>A launcher that one thread at a time is in.</summary>
    public static Action<TStream, TConfig, T1, T2, T3> OneAtATime<TStream, TConfig, T1, T2, T3>(
        Action<TStream, TConfig, T1, T2, T3> launch)
    {
        var gate = new Lock();
        return (stream, config, a, b, c) =>
        {
            lock (gate)
                launch(stream, config, a, b, c);
        };
    }

    private static Action<TStream, TConfig, T1, T2, T3, T4> OneAtATime<TStream, TConfig, T1, T2, T3, T4>(
        Action<TStream, TConfig, T1, T2, T3, T4> launch)
    {
        var gate = new Lock();
        return (stream, config, a, b, c, d) =>
        {
            lock (gate)
                launch(stream, config, a, b, c, d);
        };
    }

    private static Action<TStream, TConfig, T1, T2, T3, T4, T5> OneAtATime<TStream, TConfig, T1, T2, T3, T4, T5>(
        Action<TStream, TConfig, T1, T2, T3, T4, T5> launch)
    {
        var gate = new Lock();
        return (stream, config, a, b, c, d, e) =>
        {
            lock (gate)
                launch(stream, config, a, b, c, d, e);
        };
    }

    private static Action<TStream, TConfig, T1, T2, T3, T4, T5, T6> OneAtATime<TStream, TConfig, T1, T2, T3, T4, T5, T6>(
        Action<TStream, TConfig, T1, T2, T3, T4, T5, T6> launch)
    {
        var gate = new Lock();
        return (stream, config, a, b, c, d, e, f) =>
        {
            lock (gate)
                launch(stream, config, a, b, c, d, e, f);
        };
    }

    private static bool TakesTurns(Accelerator accelerator) => accelerator.AcceleratorType == AcceleratorType.OpenCL;

    private static TLauncher Compile<TLauncher>(Accelerator accelerator, MethodInfo kernel, Func<TLauncher> load)
    {
        try
        {
            return load();
        }
        catch (CudaException e)
        {
            throw Refused(accelerator, kernel, e);
        }
    }

    /// <summary>
    /// ILGPU writes the compiler's log to the trace alone, so the module is offered to the driver once more, for its log.
    /// </summary>
    private static KernelRefusedException Refused(Accelerator accelerator, MethodInfo kernel, CudaException e)
    {
        string? log = null;
        if (accelerator.CompileKernel(EntryPointDescription.FromExplicitlyGroupedKernel(kernel)) is PTXCompiledKernel compiled
            && CudaAPI.CurrentAPI.LoadModule(out nint module, compiled.PTXAssembly, out log) == CudaError.CUDA_SUCCESS)
            CudaAPI.CurrentAPI.DestroyModule(module);
        string said = string.IsNullOrWhiteSpace(log) ? "" : $": {log.Trim()}";
        return new KernelRefusedException($"{kernel.DeclaringType!.Name} is refused by the driver: {e.Message}{said}", e);
    }
}
