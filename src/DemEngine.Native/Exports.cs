using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using DemEngine.Answers;
using DemEngine.Checkpoints;
using DemEngine.Errors;
using DemEngine.Native.Calls;
using DemEngine.Native.Models;
using DemEngine.Numerics;

namespace DemEngine.Native;

/// <summary>
/// The functions of <c>demengine.h</c>, which documents them. Nothing is done here but the crossing: texts and pointers in,
/// status and results out, and no exception gets through.
/// </summary>
internal static unsafe class Exports
{
    private static readonly KeptText Version = new(Manifest.ThisEngine);

    [UnmanagedCallersOnly(EntryPoint = "dem_version", CallConvs = [typeof(CallConvCdecl)])]
    private static nint GetVersion() => Version.Address;

    [UnmanagedCallersOnly(EntryPoint = "dem_last_error", CallConvs = [typeof(CallConvCdecl)])]
    private static nint GetLastError() => LastError.Text is { } text ? text.Address : 0;

    [UnmanagedCallersOnly(EntryPoint = "dem_free", CallConvs = [typeof(CallConvCdecl)])]
    private static void Free(nint text) => NativeText.Free(text);

    [UnmanagedCallersOnly(EntryPoint = "dem_plan", CallConvs = [typeof(CallConvCdecl)])]
    private static int Plan(
        byte* recipe, byte* path, Source* sources, nuint sourceCount, byte* output, byte* options, byte** plan) =>
        Run(plan, answer =>
        {
            using RecipeCall call = ReadRecipe(recipe, path, sources, sourceCount);
            answer.Members = Jobs.Plan(
                call, NativeText.ReadOptional(output, "out"), NativeText.ReadOptional(options, "options"));
        });

    [UnmanagedCallersOnly(EntryPoint = "dem_merge", CallConvs = [typeof(CallConvCdecl)])]
    private static int Merge(
        byte* recipe,
        byte* path,
        Source* sources,
        nuint sourceCount,
        byte* output,
        byte* options,
        delegate* unmanaged[Cdecl]<void*, byte*, byte*, long, long, int> progress,
        void* context,
        byte** report) =>
        Run(report, answer =>
        {
            using RecipeCall call = ReadRecipe(recipe, path, sources, sourceCount);
            using Progress told = ReadProgress(progress, context);
            answer.Members = Jobs.Merge(
                call, NativeText.Read(output, "out"), NativeText.ReadOptional(options, "options"), told);
        });

    [UnmanagedCallersOnly(EntryPoint = "dem_merge_to_memory", CallConvs = [typeof(CallConvCdecl)])]
    private static int MergeToMemory(
        byte* recipe,
        byte* path,
        Source* sources,
        nuint sourceCount,
        byte* options,
        delegate* unmanaged[Cdecl]<void*, byte*, byte*, long, long, int> progress,
        void* context,
        nint* model,
        byte** report) =>
        Make(model, report, answer =>
        {
            using RecipeCall call = ReadRecipe(recipe, path, sources, sourceCount);
            using Progress told = ReadProgress(progress, context);
            (answer.Members, NativeModel made) = Jobs.MergeToMemory(call, NativeText.ReadOptional(options, "options"), told);
            return made;
        });

    [UnmanagedCallersOnly(EntryPoint = "dem_extract", CallConvs = [typeof(CallConvCdecl)])]
    private static int Extract(
        byte* origin,
        byte* tuned,
        byte* output,
        byte* options,
        delegate* unmanaged[Cdecl]<void*, byte*, byte*, long, long, int> progress,
        void* context,
        byte** report) =>
        Run(report, answer =>
        {
            using Progress told = ReadProgress(progress, context);
            answer.Members = Jobs.Extract(
                NativeText.Read(origin, "base"),
                NativeText.Read(tuned, "tuned"),
                NativeText.Read(output, "out"),
                NativeText.ReadOptional(options, "options"),
                told);
        });

    [UnmanagedCallersOnly(EntryPoint = "dem_distance", CallConvs = [typeof(CallConvCdecl)])]
    private static int Distance(
        byte* origin,
        byte** models,
        nuint modelCount,
        byte* options,
        delegate* unmanaged[Cdecl]<void*, byte*, byte*, long, long, int> progress,
        void* context,
        byte** distances) =>
        Run(distances, answer =>
        {
            using Progress told = ReadProgress(progress, context);
            var paths = new string[CountOf(models, modelCount, "models")];
            for (int k = 0; k < paths.Length; k++)
                paths[k] = NativeText.Read(models[k], "models");
            answer.Members = Jobs.Distance(
                NativeText.Read(origin, "base"), paths, NativeText.ReadOptional(options, "options"), told);
        });

    [UnmanagedCallersOnly(EntryPoint = "dem_verify", CallConvs = [typeof(CallConvCdecl)])]
    private static int Verify(
        byte* folder,
        byte* options,
        delegate* unmanaged[Cdecl]<void*, byte*, byte*, long, long, int> progress,
        void* context,
        byte** report) =>
        Run(report, answer =>
        {
            using Progress told = ReadProgress(progress, context);
            Jobs.Verify(NativeText.Read(folder, "folder"), NativeText.ReadOptional(options, "options"), told, answer);
        });

    [UnmanagedCallersOnly(EntryPoint = "dem_model_new", CallConvs = [typeof(CallConvCdecl)])]
    private static int NewModel(nint* model) => Make(model, null, _ => new GivenModel());

    [UnmanagedCallersOnly(EntryPoint = "dem_model_open", CallConvs = [typeof(CallConvCdecl)])]
    private static int OpenModel(byte* path, byte* options, nint* model) => Make(
        model, null, _ => Jobs.Open(NativeText.Read(path, "path"), NativeText.ReadOptional(options, "options")));

    [UnmanagedCallersOnly(EntryPoint = "dem_model_add_tensor", CallConvs = [typeof(CallConvCdecl)])]
    private static int AddTensor(
        nint model, byte* name, byte* dtype, long* shape, nuint rank, byte* data, nuint bytes) =>
        Run(null, _ =>
        {
            using ModelUse use = ModelTable.Use(model);
            var spec = new TensorSpec(NativeText.Read(name, "name"), ReadType(dtype), ReadShape(shape, rank));
            if (!spec.IsWholeBytes || (ulong)spec.ByteLength != bytes)
                throw new DemException(
                    ErrorCode.BadArgument,
                    $"{spec.Name}: {bytes} bytes are not those of {spec.Type.SafetensorsName} {spec.Shape}")
                {
                    Tensor = spec.Name,
                };
            if (data == null && bytes > 0)
                throw new DemException(ErrorCode.BadArgument, "the argument data is NULL") { Tensor = spec.Name };
            Given(use).Add(spec, new NativeBlock(data, (long)bytes));
        });

    [UnmanagedCallersOnly(EntryPoint = "dem_model_add_file", CallConvs = [typeof(CallConvCdecl)])]
    private static int AddFile(nint model, byte* name, byte* data, nuint bytes) =>
        Run(null, _ =>
        {
            using ModelUse use = ModelTable.Use(model);
            Given(use).Add(
                NativeText.Read(name, "name"), new ReadOnlySpan<byte>(data, CountOf(data, bytes, "data")));
        });

    [UnmanagedCallersOnly(EntryPoint = "dem_model_describe", CallConvs = [typeof(CallConvCdecl)])]
    private static int Describe(nint model, byte** description) =>
        Run(description, answer =>
        {
            using ModelUse use = ModelTable.Use(model);
            answer.Members = use.Model.Describe();
        });

    [UnmanagedCallersOnly(EntryPoint = "dem_model_read", CallConvs = [typeof(CallConvCdecl)])]
    private static int Read(nint model, byte* tensor, long offset, byte* buffer, nuint bytes) =>
        Run(null, _ =>
        {
            using ModelUse use = ModelTable.Use(model);
            if (buffer == null && bytes > 0)
                throw new DemException(ErrorCode.BadArgument, "the argument buffer is NULL");
            use.Model.Read(NativeText.Read(tensor, "tensor"), offset, new NativeBlock(buffer, checked((long)bytes)));
        });

    [UnmanagedCallersOnly(EntryPoint = "dem_model_data", CallConvs = [typeof(CallConvCdecl)])]
    private static int Data(nint model, byte* tensor, byte** data, nuint* bytes) =>
        Show(data, bytes, () =>
        {
            using ModelUse use = ModelTable.Use(model);
            return use.Model.MemoryOf(NativeText.Read(tensor, "tensor"));
        });

    [UnmanagedCallersOnly(EntryPoint = "dem_model_file", CallConvs = [typeof(CallConvCdecl)])]
    private static int File(nint model, byte* name, byte** data, nuint* bytes) =>
        Show(data, bytes, () =>
        {
            using ModelUse use = ModelTable.Use(model);
            return use.Model.RequireFile(NativeText.Read(name, "name"));
        });

    [UnmanagedCallersOnly(EntryPoint = "dem_model_free", CallConvs = [typeof(CallConvCdecl)])]
    private static void FreeModel(nint model) => ModelTable.Free(model);

    /// <summary>Runs a call, and gives its answer as JSON, also where it fails once there is one.</summary>
    private static int Run(byte** json, Action<Answer> call)
    {
        if (json != null)
            *json = null;
        var answer = new Answer();
        int status = 0;
        try
        {
            try
            {
                call(answer);
            }
            catch (Exception e)
            {
                status = LastError.Set(e);
            }

            if (json != null && answer.Members is { } members)
                *json = (byte*)NativeText.Allocate(JsonAnswer.Write(members));
            return status;
        }
        catch (Exception e)
        {
            return LastError.Set(e);
        }
    }

    /// <summary>Runs a call that makes a model.</summary>
    private static int Make(nint* model, byte** json, Func<Answer, NativeModel> call)
    {
        if (model != null)
            *model = 0;
        return Run(json, answer =>
        {
            if (model == null)
                throw new DemException(ErrorCode.BadArgument, "the argument model is NULL");
            *model = ModelTable.Add(call(answer));
        });
    }

    /// <summary>Runs a call that gives memory of the library's.</summary>
    private static int Show(byte** data, nuint* bytes, Func<NativeBlock> call)
    {
        if (data != null)
            *data = null;
        if (bytes != null)
            *bytes = 0;
        return Run(null, _ =>
        {
            NativeBlock block = call();
            if (data != null)
                *data = block.First;
            if (bytes != null)
                *bytes = (nuint)block.Length;
        });
    }

    private static RecipeCall ReadRecipe(byte* recipe, byte* path, Source* sources, nuint count)
    {
        var named = new (string Name, nint Model)[CountOf(sources, count, "sources")];
        for (int k = 0; k < named.Length; k++)
            named[k] = (NativeText.Read(sources[k].Name, "sources"), sources[k].Model);
        return new RecipeCall(NativeText.ReadOptional(recipe, "recipe"), NativeText.ReadOptional(path, "path"), named);
    }

    private static Progress ReadProgress(
        delegate* unmanaged[Cdecl]<void*, byte*, byte*, long, long, int> progress, void* context) =>
        new(progress == null ? null : report =>
        {
            nint phase = NativeText.Allocate(report.Phase);
            nint tensor = NativeText.Allocate(report.Tensor);
            try
            {
                return progress(context, (byte*)phase, (byte*)tensor, report.BytesDone, report.BytesTotal) == 0;
            }
            finally
            {
                NativeText.Free(phase);
                NativeText.Free(tensor);
            }
        });

    private static int CountOf(void* array, nuint count, string argument) =>
        count > int.MaxValue ? throw new DemException(ErrorCode.BadArgument, $"the argument {argument} has {count} elements")
        : array == null && count > 0 ? throw new DemException(ErrorCode.BadArgument, $"the argument {argument} is NULL")
        : (int)count;

    private static GivenModel Given(ModelUse use) => use.Model as GivenModel ?? throw new DemException(
        ErrorCode.BadArgument, "only a model that dem_model_new() made can be added to");

    private static ElementType ReadType(byte* dtype)
    {
        string name = NativeText.Read(dtype, "dtype");
        return ElementTypes.TryParseSafetensors(name, out ElementType type)
            ? type
            : throw new DemException(
                ErrorCode.BadArgument,
                $"there is no element type {Quoted.Name(name)}; names are those of safetensors, such as BF16");
    }

    private static TensorShape ReadShape(long* shape, nuint rank)
    {
        ImmutableArray<long> dimensions = [.. new ReadOnlySpan<long>(shape, CountOf(shape, rank, "shape"))];
        return TensorShape.TryCreate(dimensions, out TensorShape read)
            ? read
            : throw new DemException(ErrorCode.BadArgument, "the argument shape has a negative size, or is too large");
    }

    /// <summary>The structure <c>dem_source</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private readonly struct Source(byte* name, nint model)
    {
        public readonly byte* Name = name;
        public readonly nint Model = model;
    }
}
